import type { Origin } from '../contracts/audit.ts'
import { problem } from '../contracts/errors.ts'
import { audit } from '../db/audit.ts'
import type { Tx } from '../db/transaction.ts'
import type { Sealer } from '../lib/seal.ts'
import { factorRepository as repository } from './factor-repository.ts'
import type { Factor, MfaChallenge } from './model-factors.ts'
import { type OneTimeTokens, TOKEN_LIFE } from './one-time-tokens.ts'
import { hashRecoveryCode, isRecoveryCode } from './recovery-codes.ts'
import { openTotp, stepOf } from './totp.ts'

/** Wrong codes in a row, whatever kind, until no code is looked at for a while (OWASP ASVS 6.3.1). The lock ends by itself. */
const MOST_FAILURES = 5
const LOCK_MINUTES = 15

/**
 * What a look at a code found. `used`: right, but not for the first time: refused (RFC 6238 section 5.2), yet not counted, so that a
 * request that was sent twice locks nobody out.
 */
export type Found = { kind: 'right'; factor: Factor } | { kind: 'wrong' } | { kind: 'used' }
/** What came of a try. */
export type Verdict = Found | { kind: 'locked'; retryAfter: number }

/** @throws MFA_CODE_INVALID, RATE_LIMITED while it is locked */
export function demandRight(verdict: Verdict): void {
  if (verdict.kind === 'locked')
    throw problem('RATE_LIMITED', { detail: 'Too many wrong codes: wait', retryAfter: verdict.retryAfter })
  if (verdict.kind === 'used')
    throw problem('MFA_CODE_INVALID', { detail: 'This code was used already: wait for the next' })
  if (verdict.kind === 'wrong') throw problem('MFA_CODE_INVALID')
}

/**
 * Codes that prove a second factor. Every try holds the user's row of failures until its transaction ends, so that parallel tries are
 * looked at one after the other: a code is good once, and guesses are counted exactly. The caller commits a wrong try too, then throws
 * ({@link demandRight}): a failure must not be forgotten with a transaction that is undone.
 */
export function createSecondFactor(sealer: Sealer, tokens: OneTimeTokens) {
  async function lookAtTotp(tx: Tx, userId: string, code: string): Promise<Found> {
    const factor = await repository.totp(tx, userId)
    if (factor === undefined || factor.confirmedAt === null) return { kind: 'wrong' }
    const step = await stepOf(openTotp(sealer, userId, factor.secret), code)
    if (step === undefined) return { kind: 'wrong' }
    return (await repository.takeStep(tx, userId, step)) ? { kind: 'right', factor: 'totp' } : { kind: 'used' }
  }

  async function lookAtRecoveryCode(tx: Tx, userId: string, code: string, origin: Origin): Promise<Found> {
    const found = await repository.useRecoveryCode(tx, userId, hashRecoveryCode(userId, code))
    if (found !== 'right') return { kind: found }
    const details = { left: await repository.recoveryCodesLeft(tx, userId) }
    await audit(tx.sql, { action: 'mfa.recovery_code_used', actorId: userId, targetId: userId, origin, details })
    return { kind: 'right', factor: 'recovery_code' }
  }

  /** Counts what `look` finds, and does not look while it is locked. */
  async function guarded(tx: Tx, userId: string, origin: Origin, look: () => Promise<Found>): Promise<Verdict> {
    const retryAfter = await repository.lockFailures(tx, userId)
    if (retryAfter > 0) return { kind: 'locked', retryAfter }
    const found = await look()
    if (found.kind === 'right') await repository.clearFailures(tx, userId)
    if (found.kind === 'wrong') {
      const locks = await repository.countFailure(tx, userId, MOST_FAILURES, LOCK_MINUTES)
      await audit(tx.sql, { action: locks ? 'mfa.locked' : 'mfa.failed', targetId: userId, origin })
    }
    return found
  }

  return {
    guarded,

    /** Tries a code of the app or a recovery code. */
    verify: (tx: Tx, userId: string, code: string, origin: Origin): Promise<Verdict> =>
      guarded(tx, userId, origin, () =>
        isRecoveryCode(code) ? lookAtRecoveryCode(tx, userId, code, origin) : lookAtTotp(tx, userId, code),
      ),

    /** Asks for a second factor where the user has one: a token that is good for the second step of this sign-in only. */
    async challenge(tx: Tx, userId: string): Promise<MfaChallenge | undefined> {
      const factor = await repository.totp(tx, userId)
      if (factor === undefined || factor.confirmedAt === null) return undefined
      const mfaToken = await tokens.issue(tx, { purpose: 'mfa.login', userId })
      return { mfaToken, methods: ['totp', 'recovery_code'], expiresIn: TOKEN_LIFE['mfa.login'] }
    },
  }
}

/** See {@link createSecondFactor}. */
export type SecondFactor = ReturnType<typeof createSecondFactor>

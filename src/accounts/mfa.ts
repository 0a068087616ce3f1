import type { Origin } from '../contracts/audit.ts'
import { problem } from '../contracts/errors.ts'
import type { Actor } from '../contracts/policy.ts'
import { audit } from '../db/audit.ts'
import type { Database } from '../db/database.ts'
import type { Tx } from '../db/transaction.ts'
import type { Sealer } from '../lib/seal.ts'
import type { QueueMail } from './emails.ts'
import { factorRepository as factors } from './factor-repository.ts'
import type { Letters } from './letters.ts'
import type { AuthResult } from './model.ts'
import type {
  MfaCodeBody,
  MfaLoginBody,
  MfaStatus,
  PasswordBody,
  RecoveryCodes,
  TotpEnrolment,
} from './model-factors.ts'
import type { OneTimeTokens } from './one-time-tokens.ts'
import type { DemandPassword } from './reauthentication.ts'
import { hashRecoveryCode, makeRecoveryCodes } from './recovery-codes.ts'
import { createAccountRepository } from './repository.ts'
import { demandRight, type SecondFactor } from './second-factor.ts'
import type { SignIn } from './sign-in.ts'
import { makeTotp, openTotp, stepOf } from './totp.ts'

/** What the second factor of an account needs from outside. */
export interface MfaDeps {
  db: Database
  sealer: Sealer
  tokens: OneTimeTokens
  secondFactor: SecondFactor
  signIn: SignIn
  demandPassword: DemandPassword
  queueMail: QueueMail
  letters: Letters
  /** Shown in the app beside the account. */
  issuer: string
}

const PURPOSE = ['mfa.login'] as const
const APP = 'An authenticator app'

/** The second factor of an account: an authenticator app (TOTP, RFC 6238) with recovery codes. */
export function createMfa(deps: MfaDeps) {
  const { db, sealer, tokens, secondFactor, demandPassword, queueMail, letters } = deps
  const accounts = createAccountRepository(db)

  async function newRecoveryCodes(tx: Tx, userId: string): Promise<RecoveryCodes> {
    const recoveryCodes = makeRecoveryCodes()
    const hashes = recoveryCodes.map((code) => hashRecoveryCode(userId, code))
    await factors.replaceRecoveryCodes(tx, userId, hashes)
    return { recoveryCodes }
  }

  async function emailOf(userId: string): Promise<string> {
    const user = await accounts.byId(userId)
    if (user === undefined) throw problem('NOT_FOUND')
    return user.email
  }

  return {
    /** Which second factors the account has. */
    status: (actor: Actor): Promise<MfaStatus> =>
      db.transact(async (tx) => {
        const totp = await factors.totp(tx, actor.userId)
        const left = await factors.recoveryCodesLeft(tx, actor.userId)
        return { totp: totp?.confirmedAt ? { confirmedAt: totp.confirmedAt } : null, recoveryCodesLeft: left }
      }),

    /**
     * Makes a secret for an app; nothing is asked for at sign-in before its first code was shown.
     * @throws INVALID_CREDENTIALS, CONFLICT when there is an app already
     */
    async enrol(actor: Actor, { currentPassword }: PasswordBody, origin: Origin): Promise<TotpEnrolment> {
      await demandPassword(actor.userId, currentPassword, origin)
      const made = await makeTotp(sealer, actor.userId, await emailOf(actor.userId), deps.issuer)
      const stored = await db.transact((tx) => factors.enrol(tx, actor.userId, made.sealed))
      if (!stored) throw problem('CONFLICT', { detail: 'There is an authenticator app already: remove it first' })
      return { secret: made.secret, uri: made.uri }
    },

    /**
     * Turns the second factor on with the first code of the app. Answers the recovery codes, which are shown this once.
     * @throws MFA_CODE_INVALID, RATE_LIMITED, CONFLICT when no app waits for its first code
     */
    async confirm(actor: Actor, { code }: MfaCodeBody, origin: Origin): Promise<RecoveryCodes> {
      const { userId } = actor
      const email = await emailOf(userId)
      const outcome = await db.transact(async (tx) => {
        const verdict = await secondFactor.guarded(tx, userId, origin, async () => {
          const waiting = await factors.totp(tx, userId)
          if (waiting === undefined || waiting.confirmedAt !== null)
            throw problem('CONFLICT', { detail: 'No authenticator app waits for its first code' })
          const step = await stepOf(openTotp(sealer, userId, waiting.secret), code)
          if (step === undefined) return { kind: 'wrong' }
          await factors.confirm(tx, userId, step)
          return { kind: 'right', factor: 'totp' }
        })
        if (verdict.kind !== 'right') return verdict
        await audit(tx.sql, {
          action: 'mfa.enabled',
          actorId: userId,
          targetId: userId,
          origin,
          details: { factor: 'totp' },
        })
        await queueMail(tx, { kind: 'notice', to: email, ...letters.factorAdded(APP) })
        return newRecoveryCodes(tx, userId)
      })
      if ('kind' in outcome) demandRight(outcome)
      return outcome as RecoveryCodes
    },

    /** Removes the app and its recovery codes. @throws INVALID_CREDENTIALS, NOT_FOUND when there is none */
    async disable(actor: Actor, { currentPassword }: PasswordBody, origin: Origin): Promise<void> {
      const { userId } = actor
      await demandPassword(userId, currentPassword, origin)
      const email = await emailOf(userId)
      await db.transact(async (tx) => {
        if (!(await factors.remove(tx, userId))) throw problem('NOT_FOUND', { detail: 'There is no authenticator app' })
        await tokens.revoke(tx, userId, PURPOSE)
        await audit(tx.sql, {
          action: 'mfa.disabled',
          actorId: userId,
          targetId: userId,
          origin,
          details: { factor: 'totp' },
        })
        await queueMail(tx, { kind: 'notice', to: email, ...letters.factorRemoved(APP) })
      })
    },

    /** Replaces all recovery codes. @throws INVALID_CREDENTIALS, NOT_FOUND without an app */
    async renewRecoveryCodes(actor: Actor, { currentPassword }: PasswordBody, origin: Origin): Promise<RecoveryCodes> {
      const { userId } = actor
      await demandPassword(userId, currentPassword, origin)
      return db.transact(async (tx) => {
        const totp = await factors.totp(tx, userId)
        if (!totp?.confirmedAt) throw problem('NOT_FOUND', { detail: 'There is no authenticator app' })
        await audit(tx.sql, { action: 'mfa.recovery_codes_replaced', actorId: userId, targetId: userId, origin })
        return newRecoveryCodes(tx, userId)
      })
    },

    /**
     * The second step of a sign-in.
     * @throws TOKEN_INVALID when the first step is too long ago or was used, MFA_CODE_INVALID, RATE_LIMITED, ACCOUNT_DISABLED
     */
    async login({ mfaToken, code }: MfaLoginBody, origin: Origin): Promise<AuthResult> {
      const expired = () => problem('TOKEN_INVALID', { detail: 'Sign in again: the first step is too long ago' })
      const userId = (await tokens.peek(mfaToken, PURPOSE))?.userId
      const user = userId ? await accounts.managed(userId) : undefined
      if (user === undefined) throw expired()
      const { disabledAt, ...account } = user
      if (disabledAt !== null) throw problem('ACCOUNT_DISABLED')
      const outcome = await db.transact(async (tx) => {
        const verdict = await secondFactor.verify(tx, user.id, code, origin)
        // Asked again behind the lock: of many requests with one token, the first right one has used it up.
        if ((await tokens.peek(mfaToken, PURPOSE, tx)) === undefined) throw expired()
        if (verdict.kind !== 'right') return verdict
        await tokens.use(tx, mfaToken, PURPOSE)
        return deps.signIn.complete(tx, account, verdict.factor, origin)
      })
      if ('kind' in outcome) demandRight(outcome)
      return outcome as AuthResult
    },
  }
}

/** See {@link createMfa}. */
export type Mfa = ReturnType<typeof createMfa>

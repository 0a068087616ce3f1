import type { Origin } from '../contracts/audit.ts'
import { problem } from '../contracts/errors.ts'
import { audit } from '../db/audit.ts'
import type { Database } from '../db/database.ts'
import type { Tx } from '../db/transaction.ts'
import type { AuthResult, User } from './model.ts'
import type { MfaChallenge } from './model-factors.ts'
import { createAccountRepository } from './repository.ts'
import type { Sessions } from './sessions.ts'

/** How somebody can prove who they are; in the audit log. */
export const SIGN_IN_METHODS = ['password', 'totp', 'recovery_code', 'passkey', 'oauth'] as const
/** See {@link SIGN_IN_METHODS}. */
export type SignInMethod = (typeof SIGN_IN_METHODS)[number]

/** What a sign-in needs from outside. */
export interface SignInDeps {
  db: Database
  sessions: Sessions
  /** Whether an account may be used before its email is confirmed. */
  requireVerified: boolean
  /** Asks for a second factor where the account has one; undefined where it has none. */
  challenge: (tx: Tx, userId: string) => Promise<MfaChallenge | undefined>
}

/** The last steps of every sign-in, whatever the first one was: the same checks for all ways in (OWASP ASVS 6.3.4). */
export function createSignIn({ db, sessions, requireVerified, challenge }: SignInDeps) {
  const repository = createAccountRepository(db)

  async function complete(tx: Tx, user: User, method: SignInMethod, origin: Origin): Promise<AuthResult> {
    await audit(tx.sql, { action: 'account.login', actorId: user.id, targetId: user.id, origin, details: { method } })
    return { user, ...(await sessions.open(tx, user.id, origin)) }
  }

  const goOn = async (tx: Tx, user: User, method: SignInMethod, origin: Origin): Promise<AuthResult | MfaChallenge> =>
    (await challenge(tx, user.id)) ?? complete(tx, user, method, origin)

  /** @throws EMAIL_UNVERIFIED */
  function demandVerified(user: User): void {
    if (requireVerified && !user.emailVerified)
      throw problem('EMAIL_UNVERIFIED', {
        detail: 'Confirm your email first: open the link in the mail, or ask for another',
      })
  }

  return {
    /** Opens a session: every factor that the account asks for has been shown. Within the caller's transaction. */
    complete(tx: Tx, user: User, method: SignInMethod, origin: Origin): Promise<AuthResult> {
      demandVerified(user)
      return complete(tx, user, method, origin)
    },

    /** Goes on after the first factor: opens a session, or asks for the second factor. @throws EMAIL_UNVERIFIED */
    async begin(user: User, method: SignInMethod, origin: Origin): Promise<AuthResult | MfaChallenge> {
      demandVerified(user)
      return db.transact((tx) => goOn(tx, user, method, origin))
    },

    /**
     * The same after a right password, whose hash is `stored`: in one statement where there is no second factor. Undefined when it was replaced
     * since it was looked at: what ended the sessions then would not know of this one.
     * @throws EMAIL_UNVERIFIED
     */
    async beginByPassword(user: User, stored: string, origin: Origin): Promise<AuthResult | MfaChallenge | undefined> {
      demandVerified(user)
      if (!db.watched()) {
        const opened = await sessions.openByPassword(user.id, stored, origin)
        if (opened === 'outdated') return undefined
        if (opened !== 'challenged') return { user, ...opened }
      }
      return db.transact(async (tx) =>
        (await repository.isPasswordHash(tx, user.id, stored)) ? goOn(tx, user, 'password', origin) : undefined,
      )
    },
  }
}

/** See {@link createSignIn}. */
export type SignIn = ReturnType<typeof createSignIn>

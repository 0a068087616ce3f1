import type { Origin } from '../contracts/audit.ts'
import { problem } from '../contracts/errors.ts'
import { audit } from '../db/audit.ts'
import type { Database } from '../db/database.ts'
import type { QueueMail } from './emails.ts'
import type { Letters } from './letters.ts'
import type { ResetPasswordBody } from './model-recovery.ts'
import { type OneTimeTokens, OPENED_BY_PASSWORD } from './one-time-tokens.ts'
import { demandUncommon } from './password-rules.ts'
import type { Passwords } from './passwords.ts'
import { recoveryRepository as repository } from './recovery-repository.ts'
import { createAccountRepository } from './repository.ts'
import type { Sessions } from './sessions.ts'

/** What the reset needs from outside. */
export interface PasswordResetDeps {
  db: Database
  tokens: OneTimeTokens
  passwords: Passwords
  sessions: Sessions
  queueMail: QueueMail
  letters: Letters
}

const PURPOSE = ['password.reset'] as const

/**
 * A new password by mail. It signs nobody in, so a second factor is asked for as ever, and it ends all sessions: whoever had the old password
 * is out.
 */
export function createPasswordReset({ db, tokens, passwords, sessions, queueMail, letters }: PasswordResetDeps) {
  const accounts = createAccountRepository(db)

  return {
    /** Mails a link to the owner of the address. For one without an account the same is written, and nothing is sent. */
    async forgot(email: string, origin: Origin): Promise<void> {
      await db.transact(async (tx) => {
        const user = await repository.byEmail(tx, email)
        const to = user?.email ?? email
        const mailed = (await tokens.mayMail(tx, 'password.reset', to)) && user !== undefined && !user.disabled
        const token = await tokens.issue(tx, {
          purpose: 'password.reset',
          userId: user?.id ?? null,
          subject: to,
          mailed,
        })
        await queueMail(tx, { kind: 'password.reset', to, void: !mailed, ...letters.reset(token) })
        await audit(tx.sql, { action: 'account.reset_requested', targetId: user?.id, origin })
      })
    },

    /**
     * Puts the new password, once for each link, and ends all sessions.
     * @throws LINK_INVALID, VALIDATION_FAILED for a password that everybody tries, OVERLOADED
     */
    async reset({ token, password }: ResetPasswordBody, origin: Origin): Promise<void> {
      const meaning = await tokens.peek(token, PURPOSE)
      const user = meaning?.userId ? await accounts.byId(meaning.userId) : undefined
      if (user === undefined) throw problem('LINK_INVALID')
      demandUncommon(password, user)
      const hash = await passwords.hash(password)
      await db.transact(async (tx) => {
        await tokens.use(tx, token, PURPOSE)
        const email = await repository.resetPassword(tx, user.id, hash)
        if (email === undefined) throw problem('LINK_INVALID')
        await tokens.revoke(tx, user.id, OPENED_BY_PASSWORD)
        await sessions.end(tx, user.id, 'password-reset', origin)
        await audit(tx.sql, { action: 'account.password_reset', actorId: user.id, targetId: user.id, origin })
        await queueMail(tx, { kind: 'notice', to: email, ...letters.passwordChanged() })
      })
    },
  }
}

/** See {@link createPasswordReset}. */
export type PasswordReset = ReturnType<typeof createPasswordReset>

import { problem } from '../contracts/errors.ts'
import type { Tx } from '../db/transaction.ts'

/** An account as the way back into it needs to know it. */
export interface Recoverable {
  id: string
  email: string
  emailVerified: boolean
  disabled: boolean
}

const UNIQUE_VIOLATION = '23505'

/** SQL of emails and of the way back into an account. Within the caller's transaction. */
export const recoveryRepository = {
  async byEmail(tx: Tx, email: string): Promise<Recoverable | undefined> {
    const [row] = await tx.sql<Recoverable[]>`
      select id, email, email_verified as "emailVerified", disabled_at is not null as disabled
      from users where lower(email) = lower(${email})`
    return row
  },

  /** False when the account has another email by now. */
  async verify(tx: Tx, userId: string, email: string): Promise<boolean> {
    const rows = await tx.sql`
      update users set email_verified = true, version = version + 1, updated_at = now()
      where id = ${userId} and lower(email) = lower(${email}) returning id`
    return rows.length > 0
  },

  /**
   * Puts another, verified email; answers the former one, or undefined when the account is gone.
   * @throws EMAIL_TAKEN
   */
  async changeEmail(tx: Tx, userId: string, email: string): Promise<string | undefined> {
    try {
      const [row] = await tx.sql<{ former: string }[]>`
        update users u set email = ${email}, email_verified = true, version = u.version + 1, updated_at = now()
        from (select id, email from users where id = ${userId} for update) f
        where u.id = f.id returning f.email as former`
      return row?.former
    } catch (cause) {
      if ((cause as { code?: string }).code === UNIQUE_VIOLATION) throw problem('EMAIL_TAKEN', { cause })
      throw cause
    }
  },

  /** Puts a password; whoever could open the mail owns the address. Answers the email, or undefined when the account is gone or disabled. */
  async resetPassword(tx: Tx, userId: string, hash: string): Promise<string | undefined> {
    const [row] = await tx.sql<{ email: string }[]>`
      update users set password_hash = ${hash}, email_verified = true, version = version + 1, updated_at = now()
      where id = ${userId} and disabled_at is null returning email`
    return row?.email
  },
}

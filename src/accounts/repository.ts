import type { ServerRole, Tier } from '../contracts/policy.ts'
import type { Database } from '../db/database.ts'
import type { Tx } from '../db/transaction.ts'
import type { User } from './model.ts'

/** SQL of accounts. */
export function createAccountRepository({ sql }: Database) {
  const columns = sql`id, email, name, role, tier, email_verified as "emailVerified", version, created_at as "createdAt", updated_at as "updatedAt"`

  return {
    /** Undefined when the email is taken. */
    async insert(
      tx: Tx,
      row: { id: string; email: string; name: string; passwordHash: string; role?: ServerRole; tier?: Tier },
    ): Promise<User | undefined> {
      const [user] = await tx.sql<User[]>`
        insert into users (id, email, name, password_hash, role, tier)
        values (${row.id}, ${row.email}, ${row.name}, ${row.passwordHash}, ${row.role ?? 'user'}, ${row.tier ?? 'free'})
        on conflict (lower(email)) do nothing
        returning ${columns}`
      return user
    },

    async byEmail(email: string): Promise<(User & { passwordHash: string | null; disabled: boolean }) | undefined> {
      const [row] = await sql<(User & { passwordHash: string | null; disabled: boolean })[]>`
        select ${columns}, password_hash as "passwordHash", disabled_at is not null as disabled
        from users where lower(email) = lower(${email})`
      return row
    },

    async byId(id: string): Promise<User | undefined> {
      const [row] = await sql<User[]>`select ${columns} from users where id = ${id}`
      return row
    },
  }
}

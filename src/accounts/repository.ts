import type { ServerRole, Tier } from '../contracts/policy.ts'
import type { Database } from '../db/database.ts'
import type { Tx } from '../db/transaction.ts'
import type { ManagedUser, ManageUserBody, User, UserQuery } from './model.ts'

type Credentials = User & { passwordHash: string | null; disabled: boolean }
type Filter = Omit<UserQuery, 'limit' | 'cursor'>

const escapeLike = (text: string) => text.replace(/[\\%_]/g, '\\$&')

/** An account to make. Without a password it is signed in to through an identity provider. */
export interface NewAccount {
  email: string
  name?: string | undefined
  passwordHash: string | null
  emailVerified?: boolean
  role?: ServerRole
  tier?: Tier
}

/** The account of an email: `$1`. Asked with each sign-in, right or wrong. */
const BY_EMAIL = `
  select id, email, name, role, tier, email_verified, version, created_at, updated_at, password_hash, disabled_at is not null
  from users where lower(email) = lower($1)`
type ByEmail = [string, string, string, ServerRole, Tier, boolean, number, string, string, string | null, boolean]

/** SQL of accounts. */
export function createAccountRepository({ sql, prepared }: Database) {
  const byEmail = prepared(
    BY_EMAIL,
    ([id, email, name, role, tier, emailVerified, version, createdAt, updatedAt, ...rest]: ByEmail): Credentials => ({
      ...{ id, email, name, role, tier, emailVerified, version, createdAt, updatedAt },
      passwordHash: rest[0],
      disabled: rest[1],
    }),
  )
  const columns = sql`id, email, name, role, tier, email_verified as "emailVerified", version, created_at as "createdAt", updated_at as "updatedAt"`
  const managed = sql`${columns}, disabled_at as "disabledAt"`

  return {
    /** Undefined when the email is taken. */
    async insert(
      tx: Tx,
      row: { id: string; email: string; name: string } & Omit<NewAccount, 'name'>,
    ): Promise<User | undefined> {
      const [user] = await tx.sql<User[]>`
        insert into users (id, email, name, password_hash, email_verified, role, tier)
        values (${row.id}, ${row.email}, ${row.name}, ${row.passwordHash}, ${row.emailVerified ?? false},
                ${row.role ?? 'user'}, ${row.tier ?? 'free'})
        on conflict (lower(email)) do nothing
        returning ${columns}`
      return user
    },

    byEmail: async (email: string): Promise<Credentials | undefined> => (await byEmail(email))[0],

    async byId(id: string): Promise<User | undefined> {
      const [row] = await sql<User[]>`select ${columns} from users where id = ${id}`
      return row
    },

    async updateName(tx: Tx, id: string, name: string): Promise<User | undefined> {
      const [row] = await tx.sql<User[]>`
        update users set name = ${name}, version = version + 1, updated_at = now() where id = ${id} returning ${columns}`
      return row
    },

    async passwordHash(id: string): Promise<string | null | undefined> {
      const [row] = await sql<{ hash: string | null }[]>`select password_hash as hash from users where id = ${id}`
      return row?.hash
    },

    /** Whether it is still the one that was read. Whoever replaces it waits for the transaction, or is waited for. */
    async isPasswordHash(tx: Tx, id: string, hash: string | null): Promise<boolean> {
      const rows = await tx.sql`select 1 from users where id = ${id} and password_hash = ${hash} for share`
      return rows.length > 0
    },

    setPasswordHash: (tx: Tx, id: string, hash: string) =>
      tx.sql`update users set password_hash = ${hash}, updated_at = now() where id = ${id}`,

    /** Only if it is still the one that was read: a new password must not be undone. */
    replacePasswordHash: (id: string, stored: string, hash: string) =>
      sql`update users set password_hash = ${hash} where id = ${id} and password_hash = ${stored}`,

    async managed(id: string): Promise<ManagedUser | undefined> {
      const [row] = await sql<ManagedUser[]>`select ${managed} from users where id = ${id} and kind = 'person'`
      return row
    },

    async list({ q, role, tier }: Filter, limit: number, after: string | undefined): Promise<ManagedUser[]> {
      const pattern = q === undefined ? undefined : `%${escapeLike(q)}%`
      return [
        ...(await sql<ManagedUser[]>`
          select ${managed} from users
          where kind = 'person' ${after === undefined ? sql`` : sql`and id > ${after}`}
            ${pattern === undefined ? sql`` : sql`and (email ilike ${pattern} or name ilike ${pattern})`}
            ${role === undefined ? sql`` : sql`and role = ${role}`} ${tier === undefined ? sql`` : sql`and tier = ${tier}`}
          order by id limit ${limit + 1}`),
      ]
    },

    async manage(tx: Tx, id: string, { role, tier, disabled }: ManageUserBody): Promise<ManagedUser | undefined> {
      const [row] = await tx.sql<ManagedUser[]>`
        update users set role = coalesce(${role ?? null}, role), tier = coalesce(${tier ?? null}, tier),
          disabled_at = case ${disabled ?? null}::boolean when true then coalesce(disabled_at, now()) when false then null else disabled_at end,
          version = version + 1, updated_at = now()
        where id = ${id} and kind = 'person' returning ${managed}`
      return row
    },
  }
}

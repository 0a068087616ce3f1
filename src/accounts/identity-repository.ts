import type { IdentityClaims } from '../contracts/identity-provider.ts'
import type { Database } from '../db/database.ts'
import type { Tx } from '../db/transaction.ts'
import { newId } from '../lib/ids.ts'
import type { Identity } from './model-oauth.ts'

/** SQL of linked identities. */
export function createIdentityRepository({ sql }: Database) {
  const columns = sql`id, provider, email, created_at as "createdAt", last_used_at as "lastUsedAt"`

  return {
    /** Whose identity it is; notes its use. */
    async use(tx: Tx, { issuer, subject }: IdentityClaims): Promise<string | undefined> {
      const [row] = await tx.sql<{ userId: string }[]>`
        update identities set last_used_at = now() where issuer = ${issuer} and subject = ${subject} returning user_id as "userId"`
      return row?.userId
    },

    /** Links an identity; answers whose it is, which may be somebody else's who had it before. */
    async link(tx: Tx, userId: string, provider: string, claims: IdentityClaims): Promise<string | undefined> {
      await tx.sql`
        insert into identities (id, user_id, provider, issuer, subject, email, last_used_at)
        values (${newId()}, ${userId}, ${provider}, ${claims.issuer}, ${claims.subject}, ${claims.email ?? null}, now())
        on conflict (issuer, subject) do nothing`
      return this.use(tx, claims)
    },

    list: (userId: string) =>
      sql<Identity[]>`select ${columns} from identities where user_id = ${userId} order by id limit 100`,

    async remove(tx: Tx, userId: string, id: string): Promise<boolean> {
      const rows = await tx.sql`delete from identities where user_id = ${userId} and id = ${id} returning id`
      return rows.length > 0
    },

    /** Holds the account and tells whether it could still be signed in to: by a password, an identity or a passkey. */
    async hasWayIn(tx: Tx, userId: string): Promise<boolean> {
      const [row] = await tx.sql<{ found: boolean }[]>`
        select password_hash is not null or exists (select 1 from identities where user_id = u.id)
          or exists (select 1 from passkeys where user_id = u.id) as found
        from users u where id = ${userId}`
      return row?.found ?? false
    },

    /** Makes others who change the ways into an account wait until the end of the transaction. */
    lock: (tx: Tx, userId: string) => tx.sql`select 1 from users where id = ${userId} for update`,
  }
}

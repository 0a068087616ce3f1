import type { ServerRole, Tier } from '../contracts/policy.ts'
import type { Database } from '../db/database.ts'
import type { Tx } from '../db/transaction.ts'

/** A session with what its tokens need. */
export interface SessionRow {
  id: string
  userId: string
  refreshHash: string
  previousHash: string | null
  previousAnswer: string | null
  rotatedAt: string
  expiresAt: string
  revokedAt: string | null
}

/** What an access token stands for at the moment. */
export interface Standing {
  userId: string
  role: ServerRole
  tier: Tier
  disabled: boolean
  ended: boolean
}

/** SQL of sessions. */
export function createSessionRepository({ sql }: Database) {
  return {
    insert: (
      tx: Tx,
      row: {
        id: string
        userId: string
        refreshHash: string
        userAgent: string | null
        address: string | null
        expiresAt: string
      },
    ) =>
      tx.sql`
        insert into sessions (id, user_id, refresh_hash, user_agent, address, expires_at)
        values (${row.id}, ${row.userId}, ${row.refreshHash}, ${row.userAgent}, ${row.address}, ${row.expiresAt})`,

    async lock(tx: Tx, id: string): Promise<SessionRow | undefined> {
      const [row] = await tx.sql<SessionRow[]>`
        select id, user_id as "userId", refresh_hash as "refreshHash", previous_hash as "previousHash", previous_answer as "previousAnswer",
               rotated_at as "rotatedAt", expires_at as "expiresAt", revoked_at as "revokedAt"
        from sessions where id = ${id} for update`
      return row
    },

    rotate: (tx: Tx, row: { id: string; refreshHash: string; previousHash: string; previousAnswer: string }) =>
      tx.sql`
        update sessions set refresh_hash = ${row.refreshHash}, previous_hash = ${row.previousHash}, previous_answer = ${row.previousAnswer},
               rotated_at = now(), last_seen_at = now()
        where id = ${row.id}`,

    /** One indexed look-up; what authentication costs when its short cache is cold. */
    async standing(id: string): Promise<Standing | undefined> {
      const [row] = await sql<Standing[]>`
        select u.id as "userId", u.role, u.tier, u.disabled_at is not null as disabled,
               (s.revoked_at is not null or s.expires_at < now()) as ended
        from sessions s join users u on u.id = s.user_id where s.id = ${id}`
      return row
    },

    /** Live sessions of a user, newest first. */
    list: (userId: string, limit: number, before: string | undefined) =>
      sql<
        {
          id: string
          userAgent: string | null
          address: string | null
          createdAt: string
          lastSeenAt: string
          expiresAt: string
        }[]
      >`
        select id, user_agent as "userAgent", address, created_at as "createdAt", last_seen_at as "lastSeenAt", expires_at as "expiresAt"
        from sessions
        where user_id = ${userId} and revoked_at is null and expires_at > now() ${before === undefined ? sql`` : sql`and id < ${before}`}
        order by id desc limit ${limit + 1}`,

    /** Ends live sessions of a user; answers the ids that it ended. */
    async revoke(tx: Tx, userId: string, reason: string, id?: string, except?: string): Promise<string[]> {
      const rows = await tx.sql<{ id: string }[]>`
        update sessions set revoked_at = now(), revoked_reason = ${reason}, previous_answer = null
        where user_id = ${userId} and revoked_at is null ${id === undefined ? tx.sql`` : tx.sql`and id = ${id}`}
          ${except === undefined ? tx.sql`` : tx.sql`and id <> ${except}`}
        returning id`
      return rows.map((row) => row.id)
    },
  }
}

import type { ServerRole, Tier } from '../contracts/policy.ts'
import type { SessionStanding } from '../contracts/sessions.ts'
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

/**
 * Who a session stands for: two look-ups by primary key. `$1` session, `$2` idle life in seconds. Exported for the test that has PostgreSQL explain it.
 */
export const STANDING = `
  select u.id, u.role, u.tier, u.disabled_at is not null, s.revoked_at is not null or s.rotated_at + $2::int * interval '1 second' < now(),
         (extract(epoch from s.expires_at) * 1000)::float8
  from sessions s join users u on u.id = s.user_id where s.id = $1`
type StandingColumns = [string, ServerRole, Tier, boolean, boolean, number]

/**
 * Exchanges a live refresh token, all in one statement: `$1` session, `$2` hash of the token, `$3` of its successor, `$4` sealed answer, `$5` address,
 * `$6` idle life in seconds. Changes nothing when the token is not the newest of a live session.
 */
export const ROTATE = `
  update sessions set refresh_hash = $3, previous_hash = $2, previous_answer = $4, rotated_at = now(), last_seen_at = now(), address = $5
  where id = $1 and refresh_hash = $2 and revoked_at is null and expires_at > now() and rotated_at + $6::int * interval '1 second' >= now()
  returning id`

/**
 * Opens a session after a right password, all in one statement: `$1` user, `$2` the hash that was looked at, `$3` session, `$4` hash of its refresh
 * token, `$5` user agent, `$6` address, `$7` end, `$8` line of the audit log, `$9` request. Opens none, and says why, when the hash was
 * replaced since (whoever replaces it waits for this, or is waited for), or when a second factor is to be shown first.
 */
export const OPEN_BY_PASSWORD = `
  with standing as (
    select id from users where id = $1 and password_hash = $2 for share
  ), opened as (
    insert into sessions (id, user_id, refresh_hash, user_agent, address, expires_at)
    select $3::uuid, id, $4, $5, $6, $7::timestamptz from standing
    where not exists (select from totp_factors f where f.user_id = standing.id and f.confirmed_at is not null)
    returning user_id
  ), noted as (
    insert into audit_log (id, actor_id, action, target_id, address, request_id, details)
    select $8::uuid, user_id, 'account.login', user_id::text, $6, $9, '{"method":"password"}' from opened
  )
  select exists (select from standing), exists (select from opened)`

/** A session to open. Times are RFC 3339. */
export interface NewSession {
  id: string
  userId: string
  refreshHash: string
  userAgent: string | null
  address: string | null
  expiresAt: string
}

/** What a rotation writes. Lives in seconds. */
export interface Rotation {
  id: string
  presented: string
  successor: string
  answer: string
  address: string
  idle: number
}

/** SQL of sessions. */
export function createSessionRepository({ sql, prepared }: Database) {
  const standing = prepared(
    STANDING,
    ([userId, role, tier, disabled, ended, endsAt]: StandingColumns): SessionStanding => ({
      userId,
      role,
      tier,
      disabled,
      ended,
      endsAt,
    }),
  )
  const rotate = prepared(ROTATE, ([id]: [string]) => id)
  const openByPassword = prepared(OPEN_BY_PASSWORD, ([stands, opened]: [boolean, boolean]) =>
    opened ? 'opened' : stands ? 'challenged' : 'outdated',
  )

  return {
    /** See {@link OPEN_BY_PASSWORD}. */
    async openByPassword(
      { id, userId, refreshHash, userAgent, address, expiresAt }: NewSession,
      passwordHash: string,
      line: { id: string; requestId: string | null },
    ): Promise<'opened' | 'challenged' | 'outdated'> {
      const device = [userAgent, address, expiresAt]
      const [found] = await openByPassword(userId, passwordHash, id, refreshHash, ...device, line.id, line.requestId)
      return found ?? 'outdated'
    },

    insert: (tx: Tx, row: NewSession) =>
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

    /** Whether the token was the newest of a live session; if so it has its successor now. */
    async rotate({ id, presented, successor, answer, address, idle }: Rotation): Promise<boolean> {
      return (await rotate(id, presented, successor, answer, address, idle)).length > 0
    },

    /** The same within a transaction, for a session that was locked and looked at. */
    rotateLocked: (tx: Tx, { id, presented, successor, answer, address }: Rotation) =>
      tx.sql`
        update sessions set refresh_hash = ${successor}, previous_hash = ${presented}, previous_answer = ${answer},
               rotated_at = now(), last_seen_at = now(), address = ${address}
        where id = ${id}`,

    /** One indexed look-up; what authentication costs when nothing is kept. */
    standing: async (id: string, idle: number): Promise<SessionStanding | undefined> => (await standing(id, idle))[0],

    /** Notes when sessions were last used, many at once. A later time that is there already stays. */
    touch: (seen: ReadonlyMap<string, number>) =>
      sql`
        update sessions s set last_seen_at = greatest(s.last_seen_at, to_timestamp(t.at / 1000.0))
        from jsonb_to_recordset(${JSON.stringify([...seen].map(([id, at]) => ({ id, at })))}::text::jsonb) as t (id uuid, at float8)
        where s.id = t.id and s.revoked_at is null`,

    /** Whether the account of an email was signed in to from an address within the last 30 days. */
    async knows(email: string, address: string): Promise<boolean> {
      const [row] = await sql<{ known: boolean }[]>`
        select exists (
          select 1 from sessions s join users u on u.id = s.user_id
          where lower(u.email) = lower(${email}) and s.address = ${address} and s.created_at > now() - interval '30 days'
        ) as known`
      return row?.known ?? false
    },

    /** Live sessions of a user, newest first. */
    list: (userId: string, limit: number, before: string | undefined, idle: number) =>
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
        where user_id = ${userId} and revoked_at is null and expires_at > now()
          and rotated_at + ${idle}::int * interval '1 second' >= now() ${before === undefined ? sql`` : sql`and id < ${before}`}
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

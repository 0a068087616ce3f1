import { problem } from '../contracts/errors.ts'
import type { ModelRequest } from '../contracts/model.ts'
import { type Actor, TIER_LIMITS } from '../contracts/policy.ts'
import type { Database } from '../db/database.ts'
import type { Tx } from '../db/transaction.ts'

/** What the allowance needs. */
export interface AllowanceOptions {
  db: Pick<Database, 'sql'>
  /** Tokens of the free tier in a month; undefined where tokens cost nothing: then nothing is counted. */
  monthly: number | undefined
}

/** What somebody has used of the month. `limit` is null where nothing is counted. */
export interface TokenUsage {
  used: number
  limit: number | null
  /** When the next month begins, UTC. */
  resetsAt: string
}

/** What a model may write at most in one reply. */
export const MAX_OUTPUT_TOKENS = 4_096
/** Text takes rather fewer tokens than this many bytes each: an estimate on the safe side, where a model does not count itself. */
const BYTES_PER_TOKEN = 3
/** Reservations that are older than this and have no reply being written are given back, in seconds. */
const STALE_SECONDS = 60

/** About how many tokens texts are. */
export const tokensOf = (...texts: string[]): number =>
  Math.ceil(texts.reduce((bytes, text) => bytes + Buffer.byteLength(text), 0) / BYTES_PER_TOKEN)

/** About how many tokens a model reads for a reply. */
export const inputTokensOf = ({ question, history, passages, instructions = '', page = '' }: ModelRequest): number =>
  tokensOf(question, instructions, page, ...history.map(({ content }) => content), ...passages.map(({ text }) => text))

const nextMonth = (now = new Date()): Date => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1))

function exhausted(limit: number) {
  const resets = nextMonth()
  return problem('ASSISTANT_QUOTA_EXCEEDED', {
    detail: `Your allowance of ${limit} tokens this month does not suffice for another answer; the next month begins at ${resets.toISOString()}`,
    retryAfter: Math.max(1, Math.ceil((resets.getTime() - Date.now()) / 1000)),
  })
}

/**
 * The tokens that somebody may have the assistant use in a month (TIER_LIMITS). Reserved before a model is asked, settled with what was
 * used when the reply ends: replies at the same time cannot use the same tokens. Reserving twice for one reply is reserving once.
 */
export function createAllowance({ db: { sql }, monthly }: AllowanceOptions) {
  const month = sql`date_trunc('month', now() at time zone 'utc')::date`
  const limitOf = (actor: Pick<Actor, 'tier'>): number =>
    Math.min((monthly ?? 0) * TIER_LIMITS[actor.tier].assistantTokens, Number.MAX_SAFE_INTEGER)

  /** Tokens used and reserved this month. */
  async function used(userId: string): Promise<number> {
    const [row] = await sql<{ used: number }[]>`
      select used + reserved as used from assistant_usage where user_id = ${userId} and month = ${month}`
    return row?.used ?? 0
  }

  /** One statement: the row of the month is locked while it is compared. */
  async function reserve(userId: string, messageId: string, tokens: number, limit: number): Promise<boolean> {
    const rows = await sql`
      with room as (
        insert into assistant_usage as u (user_id, month, reserved) select ${userId}, ${month}, ${tokens}::bigint where ${tokens}::bigint <= ${limit}::bigint
        on conflict (user_id, month) do update set reserved = u.reserved + excluded.reserved
          where u.used + u.reserved + excluded.reserved <= ${limit}::bigint
        returning u.user_id, u.month
      )
      insert into assistant_reservations (message_id, user_id, month, tokens) select ${messageId}, user_id, month, ${tokens}::bigint from room
      returning message_id`
    return rows.length > 0
  }

  const held = async (messageId: string): Promise<boolean> =>
    (await sql`select 1 from assistant_reservations where message_id = ${messageId}`).length > 0

  return {
    /** Reserves for a reply. @throws ASSISTANT_QUOTA_EXCEEDED */
    async reserve(actor: Actor, messageId: string, tokens: number): Promise<void> {
      if (monthly === undefined || (await held(messageId))) return
      const limit = limitOf(actor)
      if (!(await reserve(actor.userId, messageId, tokens, limit))) throw exhausted(limit)
    },

    /** Refuses what cannot be answered anyhow, before a question is stored. @throws ASSISTANT_QUOTA_EXCEEDED */
    async demand(actor: Actor): Promise<void> {
      if (monthly === undefined) return
      const limit = limitOf(actor)
      if ((await used(actor.userId)) + MAX_OUTPUT_TOKENS > limit) throw exhausted(limit)
    },

    /** Counts what an attempt has used that will be repeated; its reservation stays. */
    async charge(messageId: string, tokens: number): Promise<void> {
      if (monthly === undefined || tokens === 0) return
      await sql`
        update assistant_usage u set used = u.used + ${tokens} from assistant_reservations r
        where r.message_id = ${messageId} and u.user_id = r.user_id and u.month = r.month`
    },

    /** Turns a reservation into what was used, within the transaction that ends the reply. */
    async settle(tx: Pick<Tx, 'sql'>, messageId: string, tokens: number): Promise<void> {
      if (monthly === undefined) return
      await tx.sql`
        with over as (delete from assistant_reservations where message_id = ${messageId} returning user_id, month, tokens)
        update assistant_usage u set used = u.used + ${tokens}, reserved = u.reserved - o.tokens from over o
        where u.user_id = o.user_id and u.month = o.month`
    },

    async usage(actor: Actor): Promise<TokenUsage> {
      const resetsAt = nextMonth().toISOString()
      if (monthly === undefined) return { used: 0, limit: null, resetsAt }
      return { used: await used(actor.userId), limit: limitOf(actor), resetsAt }
    },

    /** Gives back what was reserved for replies that are gone. */
    async sweep(staleSeconds = STALE_SECONDS): Promise<void> {
      if (monthly === undefined) return
      await sql`
        with over as (
          delete from assistant_reservations r where r.created_at < now() - make_interval(secs => ${staleSeconds})
            and not exists (select from messages m where m.id = r.message_id and m.status = 'streaming')
          returning user_id, month, tokens
        ), sums as (select user_id, month, sum(tokens) as tokens from over group by user_id, month)
        update assistant_usage u set reserved = u.reserved - s.tokens from sums s where u.user_id = s.user_id and u.month = s.month`
    },
  }
}

/** See {@link createAllowance}. */
export type Allowance = ReturnType<typeof createAllowance>

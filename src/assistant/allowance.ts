import { problem } from '../contracts/errors.ts'
import type { ModelRequest } from '../contracts/model.ts'
import { type Actor, payerOf, TIER_LIMITS } from '../contracts/policy.ts'
import type { Database } from '../db/database.ts'
import type { Tx } from '../db/transaction.ts'
import { newId } from '../lib/ids.ts'

/** What the allowance needs. */
export interface AllowanceOptions {
  db: Pick<Database, 'sql'>
  /** Tokens of the free tier in a month; undefined where tokens cost nothing: then they are counted, and nothing is refused. */
  monthly: number | undefined
}

/** What somebody has used of the month. `limit` is null where nothing is refused. */
export interface TokenUsage {
  used: number
  limit: number | null
  /** When the next month begins, UTC. */
  resetsAt: string
}

/** What a model may write at most in one reply. */
export const MAX_OUTPUT_TOKENS = 4_096
/** Less than that is no answer: something is left out of what the model reads instead. */
const LEAST_OUTPUT_TOKENS = MAX_OUTPUT_TOKENS / 4
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

/**
 * A request that costs no more than there is: the oldest turns are left out, then the worst passages; what may be written is what is left.
 * Nothing is left out where there is enough.
 */
export function fitted(request: ModelRequest, tokens: number): ModelRequest {
  let fit = request
  const room = () => tokens - inputTokensOf(fit)
  while (room() < LEAST_OUTPUT_TOKENS && fit.history.length > 0) fit = { ...fit, history: fit.history.slice(1) }
  while (room() < LEAST_OUTPUT_TOKENS && fit.passages.length > 0) fit = { ...fit, passages: fit.passages.slice(0, -1) }
  return { ...fit, maxOutputTokens: Math.max(1, Math.min(fit.maxOutputTokens, room())) }
}

const nextMonth = (now = new Date()): Date => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1))

function exhausted(limit: number) {
  const resets = nextMonth()
  return problem('ASSISTANT_QUOTA_EXCEEDED', {
    detail: `Your allowance of ${limit} tokens this month does not suffice for another answer; the next month begins at ${resets.toISOString()}`,
    retryAfter: Math.max(1, Math.ceil((resets.getTime() - Date.now()) / 1000)),
  })
}

/** A reply that there will be tokens for. */
export interface Admission {
  /** The id that the reply has to get. */
  replyId: string
  /** Gives back what is held if no reply came to be; call it in any case. */
  close(): Promise<void>
}

/**
 * The tokens that somebody may have the assistant use in a month (TIER_LIMITS). Held before a question is taken, or reserved before a model is
 * asked, and settled with what was used when the reply ends: replies at the same time cannot use the same tokens. Reserving twice for one
 * reply is reserving once. Service accounts use the tokens of who pays for them.
 */
export function createAllowance({ db: { sql }, monthly }: AllowanceOptions) {
  const month = sql`date_trunc('month', now() at time zone 'utc')::date`
  const limitOf = (actor: Pick<Actor, 'tier'>): number =>
    Math.min((monthly ?? Number.MAX_SAFE_INTEGER) * TIER_LIMITS[actor.tier].assistantTokens, Number.MAX_SAFE_INTEGER)

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

  /** Makes a reservation as large as wanted, or as there is room for. Answers its size; undefined when there is none. */
  async function enlarge(messageId: string, wanted: number, limit: number): Promise<number | undefined> {
    const [row] = await sql<{ tokens: number }[]>`
      with room as (
        select u.user_id, u.month, least(${wanted}::bigint - r.tokens, ${limit}::bigint - u.used - u.reserved) as more
        from assistant_reservations r join assistant_usage u on u.user_id = r.user_id and u.month = r.month
        where r.message_id = ${messageId} for update
      ), counted as (
        update assistant_usage u set reserved = u.reserved + room.more from room
        where u.user_id = room.user_id and u.month = room.month and room.more > 0
      )
      update assistant_reservations r set tokens = r.tokens + greatest(room.more, 0) from room where r.message_id = ${messageId} returning r.tokens`
    return row?.tokens
  }

  async function giveBack(messageId: string): Promise<void> {
    await sql`
      with over as (
        delete from assistant_reservations r where r.message_id = ${messageId} and not exists (select from messages m where m.id = r.message_id)
        returning user_id, month, tokens
      )
      update assistant_usage u set reserved = u.reserved - o.tokens from over o where u.user_id = o.user_id and u.month = o.month`
  }

  return {
    /**
     * Takes a question whose answer would be wanted at once: holds what it takes at least, so that of many at a time those that cannot be
     * answered are refused before anything is stored.
     * @throws ASSISTANT_QUOTA_EXCEEDED
     */
    async admit(actor: Actor, question: string): Promise<Admission> {
      const replyId = newId()
      if (monthly === undefined) return { replyId, close: async () => {} }
      const limit = limitOf(actor)
      const least = tokensOf(question) + MAX_OUTPUT_TOKENS
      if (!(await reserve(payerOf(actor), replyId, least, limit))) throw exhausted(limit)
      return { replyId, close: () => giveBack(replyId) }
    },

    /**
     * Reserves for a reply; answers how many tokens it has, which may be fewer than wanted where it was admitted.
     * @throws ASSISTANT_QUOTA_EXCEEDED
     */
    async reserve(actor: Actor, messageId: string, wanted: number): Promise<number> {
      const limit = limitOf(actor)
      const held = await enlarge(messageId, wanted, limit)
      if (held !== undefined) return held
      if (!(await reserve(payerOf(actor), messageId, wanted, limit))) throw exhausted(limit)
      return wanted
    },

    /** Counts what an attempt has used that will be repeated; its reservation stays. */
    async charge(messageId: string, tokens: number): Promise<void> {
      if (tokens === 0) return
      await sql`
        update assistant_usage u set used = u.used + ${tokens} from assistant_reservations r
        where r.message_id = ${messageId} and u.user_id = r.user_id and u.month = r.month`
    },

    /** Turns a reservation into what was used, within the transaction that ends the reply. */
    async settle(tx: Pick<Tx, 'sql'>, messageId: string, tokens: number): Promise<void> {
      await tx.sql`
        with over as (delete from assistant_reservations where message_id = ${messageId} returning user_id, month, tokens)
        update assistant_usage u set used = u.used + ${tokens}, reserved = u.reserved - o.tokens from over o
        where u.user_id = o.user_id and u.month = o.month`
    },

    async usage(actor: Actor): Promise<TokenUsage> {
      const resetsAt = nextMonth().toISOString()
      return { used: await used(payerOf(actor)), limit: monthly === undefined ? null : limitOf(actor), resetsAt }
    },

    /** Gives back what was reserved for replies that are gone. */
    async sweep(staleSeconds = STALE_SECONDS): Promise<void> {
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

import { randomBytes } from 'node:crypto'
import { problem } from '../contracts/errors.ts'
import type { Database } from '../db/database.ts'
import type { Tx } from '../db/transaction.ts'
import { newId } from '../lib/ids.ts'
import { hashToken } from './refresh-tokens.ts'

/** What a one-time token is for, and how long it is good, in seconds. */
export const TOKEN_LIFE = {
  'account.register': 60 * 60,
  'email.verify': 60 * 60,
  'email.change': 60 * 60,
  'password.reset': 30 * 60,
  'mfa.login': 5 * 60,
  'passkey.register': 5 * 60,
  'passkey.login': 5 * 60,
  'oauth.state': 10 * 60,
  'oauth.result': 60,
} as const satisfies Record<string, number>
/** See {@link TOKEN_LIFE}. */
export type TokenPurpose = keyof typeof TOKEN_LIFE

/**
 * What somebody who knew the password, or could read the mails of before, may have begun: another email, a second step, a reset. A new password
 * ends it. Before the sessions, so that a second step that is just being taken is waited for and its session ended too.
 */
export const OPENED_BY_PASSWORD = ['password.reset', 'email.change', 'mfa.login'] as const satisfies TokenPurpose[]

/** What a token stands for. */
export interface TokenMeaning {
  purpose: TokenPurpose
  userId: string | null
  data: Record<string, unknown>
}

/** A token to issue. */
export interface NewToken extends Partial<Omit<TokenMeaning, 'purpose'>> {
  purpose: TokenPurpose
  subject?: string
  mailed?: boolean
}

/** 256 bits; OWASP ASVS 6.5.3 asks for 128. */
const BYTES = 32
const PER_MINUTE = 1
const PER_HOUR = 5

/**
 * Tokens that are good once: random, stored as SHA-256, and gone after their time. Using one is a single UPDATE, so that of any number of
 * callers with the same token exactly one gets its meaning.
 */
export function createOneTimeTokens({ sql }: Database) {
  return {
    /** Makes a token; the answer is the only place where it is in clear. */
    async issue(tx: Tx, { purpose, userId = null, subject, data = {}, mailed = false }: NewToken): Promise<string> {
      const token = randomBytes(BYTES).toString('base64url')
      await tx.sql`
        insert into one_time_tokens (id, purpose, user_id, subject, hash, data, mailed, expires_at)
        values (${newId()}, ${purpose}, ${userId}, ${subject?.toLowerCase() ?? null}, ${hashToken(token)}, ${JSON.stringify(data)}::text::jsonb,
                ${mailed}, now() + make_interval(secs => ${TOKEN_LIFE[purpose]}))`
      return token
    },

    /** What a good token stands for, without using it. For refusing early what is expensive to do, or what would count against somebody. */
    async peek(token: string, purposes: readonly TokenPurpose[], tx?: Tx): Promise<TokenMeaning | undefined> {
      const [row] = await (tx?.sql ?? sql)<TokenMeaning[]>`
        select purpose, user_id as "userId", data from one_time_tokens
        where hash = ${hashToken(token)} and purpose = any(${sql.array([...purposes])}) and used_at is null and expires_at > now()`
      return row
    },

    /**
     * Uses a token up.
     * @throws LINK_INVALID for one that is unknown, used, expired or for something else
     */
    async use(tx: Tx, token: string, purposes: readonly TokenPurpose[]): Promise<TokenMeaning> {
      const [row] = await tx.sql<TokenMeaning[]>`
        with used as (
          select id, purpose, user_id, data from one_time_tokens
          where hash = ${hashToken(token)} and purpose = any(${tx.sql.array([...purposes])}) and used_at is null and expires_at > now()
          for update
        )
        update one_time_tokens t set used_at = now(), data = '{}' from used where t.id = used.id and t.used_at is null
        returning used.purpose, used.user_id as "userId", used.data`
      if (row === undefined) throw problem('LINK_INVALID')
      return row
    },

    /** Ends what a user still has of these purposes. */
    revoke: (tx: Tx, userId: string, purposes: readonly TokenPurpose[]) =>
      tx.sql`
        update one_time_tokens set used_at = now(), data = '{}'
        where user_id = ${userId} and purpose = any(${tx.sql.array([...purposes])}) and used_at is null`,

    /** Whether one more mail of this purpose may go to somebody: one a minute, five an hour. Holds back others who ask at the same time. */
    async mayMail(tx: Tx, purpose: TokenPurpose, subject: string): Promise<boolean> {
      const whom = subject.toLowerCase()
      await tx.sql`select pg_advisory_xact_lock(hashtextextended(${`${purpose}:${whom}`}, 0))`
      const [sent] = await tx.sql<{ minute: number; hour: number }[]>`
        select count(*) filter (where created_at > now() - interval '1 minute')::int as minute, count(*)::int as hour from one_time_tokens
        where subject = ${whom} and purpose = ${purpose} and mailed and created_at > now() - interval '1 hour'`
      return (sent?.minute ?? 0) < PER_MINUTE && (sent?.hour ?? 0) < PER_HOUR
    },

    /** Deletes what has expired a day ago. */
    async sweep(): Promise<void> {
      await sql`delete from one_time_tokens where expires_at < now() - interval '1 day'`
    },
  }
}

/** See {@link createOneTimeTokens}. */
export type OneTimeTokens = ReturnType<typeof createOneTimeTokens>

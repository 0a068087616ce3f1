import { drizzle } from 'drizzle-orm/postgres-js'
import postgres from './driver.ts'

/** What the connection pool needs to know. */
export interface ClientOptions {
  url: string
  /** Connections at most. */
  max: number
  /** Seen in pg_stat_activity. */
  name?: string
  /** Notices of PostgreSQL, for the log. */
  onNotice?: (message: string) => void
}

const TIME_TYPES = ['1184', '1114', '1082', '1083'] as const
const JSON_TYPES = ['114', '3802'] as const
/** `2026-01-31 12:00:00.123+00`: how PostgreSQL writes a timestamptz with milliseconds while its TimeZone is UTC. */
const WITH_MILLISECONDS = 26
/** Times are the most frequent columns of all: the usual form is rewritten as text, which costs a tenth of a Date. */
const toRfc3339 = (value: string): string =>
  value.length === WITH_MILLISECONDS && value[10] === ' ' && value[19] === '.' && value.endsWith('+00')
    ? `${value.slice(0, 10)}T${value.slice(11, 23)}Z`
    : new Date(value).toISOString()
const asTime = (value: string | Date) => (value instanceof Date ? value.toISOString() : value)
const asJson = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value))

/**
 * The connection pool with its two faces: `sql` (postgres.js, prepared by text: hot statements) and `orm` (Drizzle: everything else).
 * Times come as RFC 3339 strings in UTC from both. Drizzle replaces the parsers of its client, so ours are set after it.
 */
export function createClient({ url, max, name = 'parley', onNotice }: ClientOptions) {
  const sql = postgres(url, {
    max,
    idle_timeout: 60,
    connect_timeout: 10,
    max_lifetime: 60 * 60,
    connection: { application_name: name, TimeZone: 'UTC' },
    types: { bigint: { to: 20, from: [20], parse: Number, serialize: String } },
    onnotice: (notice) => onNotice?.(String(notice.message)),
  })
  const orm = drizzle(sql, { casing: 'snake_case' })
  const { parsers, serializers } = sql.options as unknown as {
    parsers: Record<string, (value: string) => unknown>
    serializers: Record<string, (value: never) => unknown>
  }
  parsers['1184'] = toRfc3339
  for (const type of TIME_TYPES) serializers[type] = asTime
  for (const type of JSON_TYPES) serializers[type] = asJson
  return { sql, orm }
}

/** See {@link createClient}. */
export type Client = ReturnType<typeof createClient>
/** The Drizzle face of the pool. */
export type Orm = Client['orm']

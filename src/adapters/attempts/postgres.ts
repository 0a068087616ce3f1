import type { AttemptCount, Attempts } from '../../contracts/attempts.ts'
import type { Database } from '../../db/database.ts'

/** Settings of the counters on PostgreSQL. */
export interface PostgresAttemptsOptions {
  db: Pick<Database, 'sql' | 'prepared'>
  /** How often windows that have ended are removed, ms. @defaultValue 10 minutes */
  sweepMs?: number
  onError: (error: unknown) => void
}

/** `$1` windows as JSON: the driver knows how to write an array only after its first connection. */
// The column keeps whole milliseconds and would round up, which made a window longer than it was asked to be.
const TAKE = `
  insert into attempts (key, count, resets_at)
  select key, 1, date_trunc('milliseconds', clock_timestamp()) + ms * interval '1 millisecond'
  from jsonb_to_recordset($1::text::jsonb) as w (key text, ms int)
  on conflict (key) do update set
    count = case when attempts.resets_at <= clock_timestamp() then 1 else attempts.count + 1 end,
    resets_at = case when attempts.resets_at <= clock_timestamp() then excluded.resets_at else attempts.resets_at end
  returning key, count, greatest(0, extract(epoch from resets_at - clock_timestamp()) * 1000)::float8`
/** `$1` keys as JSON. */
const GIVE_BACK = `
  update attempts set count = count - 1
  where count > 0 and key in (select key from attempts where key in (select jsonb_array_elements_text($1::text::jsonb)) order by key for update)`

/**
 * Counts attempts in the table `attempts`, which is unlogged: a count costs no wait for the disk, and a crash of PostgreSQL forgets them, which is
 * better than keeping people out. Rows are taken in the order of their keys, so that two callers never wait for each other.
 */
export function createPostgresAttempts({ db, sweepMs = 10 * 60_000, onError }: PostgresAttemptsOptions): Attempts {
  const { sql, prepared } = db
  const take = prepared(TAKE, ([key, count, resetsInMs]: [string, number, number]) => ({ key, count, resetsInMs }))
  const giveBack = prepared(GIVE_BACK, () => undefined)
  const timer = setInterval(() => {
    sql`delete from attempts where resets_at < now()`.catch(onError)
  }, sweepMs).unref()

  return {
    backend: 'postgres',
    async take(windows) {
      const sorted = windows
        .map(({ key, windowMs }) => ({ key, ms: Math.ceil(windowMs) }))
        .sort((a, b) => (a.key < b.key ? -1 : 1))
      const rows = await take(JSON.stringify(sorted))
      return windows.map((window) => rows.find(({ key }) => key === window.key) as AttemptCount)
    },
    async giveBack(keys) {
      if (keys.length > 0) await giveBack(JSON.stringify(keys))
    },
    async close() {
      clearInterval(timer)
    },
  }
}

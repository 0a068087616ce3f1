import type { Attempts } from '../../contracts/attempts.ts'
import type { Database } from '../../db/database.ts'

/** Settings of the counters on PostgreSQL. */
export interface PostgresAttemptsOptions {
  db: Pick<Database, 'sql'>
  /** How often windows that have ended are removed, ms. @defaultValue 10 minutes */
  sweepMs?: number
  onError: (error: unknown) => void
}

interface Row {
  key: string
  count: number
  resetsInMs: number
}

/**
 * Counts attempts in the table `attempts`, which is unlogged: a count costs no wait for the disk, and a crash of PostgreSQL forgets them, which is
 * better than keeping people out. Rows are taken in the order of their keys, so that two callers never wait for each other.
 */
export function createPostgresAttempts({ db, sweepMs = 10 * 60_000, onError }: PostgresAttemptsOptions): Attempts {
  const { sql } = db
  const timer = setInterval(() => {
    sql`delete from attempts where resets_at < now()`.catch(onError)
  }, sweepMs).unref()

  return {
    backend: 'postgres',
    async take(windows) {
      // As JSON: the driver knows how to write an array only after its first connection.
      const sorted = windows
        .map(({ key, windowMs }) => ({ key, ms: Math.ceil(windowMs) }))
        .sort((a, b) => (a.key < b.key ? -1 : 1))
      // The column keeps whole milliseconds and would round up, which made a window longer than it was asked to be.
      const rows = await sql<Row[]>`
        insert into attempts (key, count, resets_at)
        select key, 1, date_trunc('milliseconds', clock_timestamp()) + ms * interval '1 millisecond'
        from jsonb_to_recordset(${JSON.stringify(sorted)}::text::jsonb) as w (key text, ms int)
        on conflict (key) do update set
          count = case when attempts.resets_at <= clock_timestamp() then 1 else attempts.count + 1 end,
          resets_at = case when attempts.resets_at <= clock_timestamp() then excluded.resets_at else attempts.resets_at end
        returning key, count, greatest(0, extract(epoch from resets_at - clock_timestamp()) * 1000)::float8 as "resetsInMs"`
      return windows.map(({ key }) => rows.find((row) => row.key === key) as Row)
    },
    async giveBack(keys) {
      if (keys.length === 0) return
      await sql`
        update attempts set count = count - 1
        where count > 0 and key in (select key from attempts where key in (select jsonb_array_elements_text(${JSON.stringify(keys)}::text::jsonb)) order by key for update)`
    },
    async close() {
      clearInterval(timer)
    },
  }
}

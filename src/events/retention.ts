import type { Client } from '../db/client.ts'

/** Any number that nothing else locks by. */
const LOCK = 7_391_406_244
/** Topics of one statement, and events of one topic in one statement: a delete must not hold a topic for long. */
const TOPICS = 200
const EVENTS = 5_000

/** What the pruning needs. */
export interface RetentionOptions {
  sql: Client['sql']
  /** Age from which events are pruned, days; 0: never. */
  days: number
  /** Aborts between two statements. */
  signal?: AbortSignal
}

/**
 * Prunes events that are older than the retention and writes down up to which number: the low-water mark of the topic. Always from the
 * beginning of a topic, so that what is left has no hole; a client that comes from before the mark is told to load its state again. The
 * newest event of a topic may go too, its number is never given again. Small statements: nobody who writes waits long. One instance at a
 * time does it; the others answer at once.
 * @returns how many events are gone
 */
export async function pruneEvents({ sql, days, signal }: RetentionOptions): Promise<number> {
  if (days === 0) return 0
  const connection = await sql.reserve()
  let gone = 0
  try {
    const [lock] = await connection<{ held: boolean }[]>`select pg_try_advisory_lock(${LOCK}) as held`
    if (!lock?.held) return 0
    try {
      while (!signal?.aborted) {
        const old = await connection<{ topic: string; upTo: number }[]>`
          select topic, max(seq)::float8 as "upTo" from events where created_at < now() - make_interval(days => ${days})
          group by topic order by topic limit ${TOPICS}`
        if (old.length === 0) break
        for (const { topic, upTo } of old) gone += await pruneTopic(connection, topic, upTo, signal)
      }
    } finally {
      await connection`select pg_advisory_unlock(${LOCK})`
    }
  } finally {
    connection.release()
  }
  return gone
}

/** The mark moves in the statement that deletes: whoever reads sees both or neither. */
async function pruneTopic(sql: Client['sql'], topic: string, upTo: number, signal: AbortSignal | undefined) {
  let gone = 0
  while (!signal?.aborted) {
    const [batch] = await sql<{ count: number }[]>`
      with doomed as (
        select seq from events where topic = ${topic} and seq <= ${upTo} order by seq limit ${EVENTS}
      ), marked as (
        update topics set pruned = greatest(pruned, (select max(seq) from doomed))
        where topic = ${topic} and exists (select from doomed)
      ), deleted as (
        delete from events where topic = ${topic} and seq <= (select max(seq) from doomed) returning 1
      )
      select count(*)::int as count from deleted`
    gone += batch?.count ?? 0
    if ((batch?.count ?? 0) < EVENTS) break
  }
  return gone
}

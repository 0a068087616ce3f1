import { setTimeout as sleep } from 'node:timers/promises'
import { CHANGED_TABLES } from '../contracts/changes.ts'
import { problem } from '../contracts/errors.ts'
import type { Database } from '../db/database.ts'

/** How long somebody who begins to follow waits for writers, and between two looks, ms. */
const PATIENCE_MS = 10_000
const [FIRST_MS, LONGEST_MS] = [2, 100]

/**
 * Turns the changes of a workspace on: from then on triggers write an event for each (see `follow_changes` in drizzle/). Workspaces that nobody
 * has ever followed pay for nothing.
 */
export function createChangeFeeds({ sql }: Pick<Database, 'sql'>, patienceMs = PATIENCE_MS) {
  const tables = sql.array(CHANGED_TABLES)

  /** Transactions that have written to such a table, of those given, or of all. */
  async function writers(among?: readonly string[]): Promise<string[]> {
    const rows = await sql<{ id: string }[]>`
      select distinct virtualtransaction as id from pg_locks
      where locktype = 'relation' and mode = 'RowExclusiveLock' and granted
        and database = (select oid from pg_database where datname = current_database())
        and relation = any(array(select name::regclass from unnest(${tables}::text[]) as name)::oid[])
        ${among === undefined ? sql`` : sql`and virtualtransaction = any(${sql.array([...among])}::text[])`}`
    return rows.map(({ id }) => id)
  }

  return {
    /**
     * Resolves when every change that is committed from now on will be told. A transaction that wrote before the changes were turned on has written no
     * events, so it is waited for: what it does is there to be read then.
     * @throws NOT_READY when one takes too long
     */
    async open(workspaceId: string): Promise<void> {
      await sql`
        insert into change_feeds (workspace_id) select id from workspaces where id = ${workspaceId}
        on conflict do nothing`
      const until = performance.now() + patienceMs
      let waited = await writers()
      for (let pause = FIRST_MS; waited.length > 0; pause = Math.min(2 * pause, LONGEST_MS)) {
        if (performance.now() > until)
          throw problem('NOT_READY', { detail: 'A long write is under way, try again', retryAfter: 2 })
        await sleep(pause)
        waited = await writers(waited)
      }
    },
  }
}

/** See {@link createChangeFeeds}. */
export type ChangeFeeds = ReturnType<typeof createChangeFeeds>

import { audit } from '../db/audit.ts'
import type { Database } from '../db/database.ts'
import type { Tx } from '../db/transaction.ts'

/** What removing for good needs. */
export interface TrashDeps {
  db: Database
  /** Removes bytes of deleted uploads from the storage, some at a time; answers how many. */
  sweepFiles: () => Promise<number>
  /** For how many days what was deleted can be restored. */
  keptDays: number
}

/** Removes for good what was deleted and not restored in time: rows, events and files. It deletes nothing that is not deleted already. */
export function createTrash({ db, sweepFiles, keptDays }: TrashDeps) {
  /** The history of topics goes with what they tell of. */
  async function forgetTopics(tx: Tx, topics: readonly string[]): Promise<void> {
    await tx.sql`delete from events where topic = any(${tx.sql.array([...topics])}::text[])`
    await tx.sql`delete from topics where topic = any(${tx.sql.array([...topics])}::text[])`
  }

  async function freeFiles(workspaceIds: readonly string[]): Promise<void> {
    await db.sql`
      update uploads set deleted_at = now(), version = version + 1
      where workspace_id = any(${db.sql.array([...workspaceIds])}::uuid[]) and deleted_at is null and state = 'ready'`
    while ((await sweepFiles()) > 0);
  }

  /** One workspace with all that is in it. False while some of its files are still in the storage: then it is tried again later. */
  const dropWorkspace = (id: string): Promise<boolean> =>
    db.transact(async (tx) => {
      const left = await tx.sql`select 1 from uploads where workspace_id = ${id} and purged_at is null limit 1`
      if (left.length > 0) return false
      const rows = await tx.sql<{ topic: string }[]>`
        select kind || ':' || ${id}::text as topic from unnest(array['workspace', 'changes']) as kind
        union all select 'conversation:' || c.id from conversations c where c.workspace_id = ${id}
        union all select 'source:' || s.id from sources s where s.workspace_id = ${id}
        union all select 'job:' || j.id from jobs j where j.workspace_id = ${id}`
      // First: nobody is told of the rows that go now, one by one, on a topic that is gone.
      await tx.sql`delete from change_feeds where workspace_id = ${id}`
      await forgetTopics(
        tx,
        rows.map(({ topic }) => topic),
      )
      await tx.sql`delete from users where id in (select user_id from service_accounts where workspace_id = ${id})`
      const gone = await tx.sql`delete from workspaces where id = ${id} and deleted_at is not null returning id`
      if (gone.length > 0) await audit(tx.sql, { action: 'workspace.purged', targetId: id, workspaceId: id })
      return gone.length > 0
    })

  const dropConversation = (id: string): Promise<void> =>
    db.transact(async (tx) => {
      await forgetTopics(tx, [`conversation:${id}`])
      await tx.sql`delete from conversations where id = ${id} and deleted_at is not null`
    })

  /** Removes deleted workspaces now, whatever their age. Answers how many are gone. */
  async function purgeWorkspaces(ids: readonly string[]): Promise<number> {
    if (ids.length === 0) return 0
    await freeFiles(ids)
    let gone = 0
    for (const id of ids) if (await dropWorkspace(id)) gone += 1
    return gone
  }

  return {
    purgeWorkspaces,

    /** Removes what nobody can restore any more. Safe to run again, and beside itself. */
    async purge(): Promise<{ workspaces: number; conversations: number }> {
      const before = db.sql`deleted_at < now() - make_interval(days => ${keptDays})`
      const workspaces = await db.sql<{ id: string }[]>`select id from workspaces where ${before} order by id`
      const conversations = await db.sql<{ id: string }[]>`select id from conversations where ${before} order by id`
      for (const { id } of conversations) await dropConversation(id)
      return {
        workspaces: await purgeWorkspaces(workspaces.map(({ id }) => id)),
        conversations: conversations.length,
      }
    },
  }
}

/** See {@link createTrash}. */
export type Trash = ReturnType<typeof createTrash>

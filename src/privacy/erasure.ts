import { topicOf } from '../contracts/events.ts'
import { audit } from '../db/audit.ts'
import type { Database } from '../db/database.ts'
import type { Tx } from '../db/transaction.ts'

/** What an erasure needs from outside. */
export interface ErasureDeps {
  db: Database
  /** Removes deleted workspaces with their files and history. Answers how many are gone. */
  purgeWorkspaces: (ids: readonly string[]) => Promise<number>
  deleteObject: (key: string) => Promise<void>
}

/**
 * Erases somebody: the account, what is only theirs, and what they said; workspaces with others get a new owner. The audit log keeps ids and
 * addresses: it has to tell later what was done. Safe to run again.
 */
export function createErasure({ db, purgeWorkspaces, deleteObject }: ErasureDeps) {
  /** Each workspace of theirs goes to its highest and longest member; one without others is deleted. Answers those to remove. */
  const bequeath = (userId: string): Promise<string[]> =>
    db.transact(async (tx) => {
      const owned = await tx.sql<{ id: string; heir: string | null }[]>`
        select w.id, case when w.personal then null else (
          select m.user_id from workspace_members m join users u on u.id = m.user_id and u.kind = 'person' and u.disabled_at is null
          where m.workspace_id = w.id and m.user_id <> ${userId}
          order by array_position(array['admin', 'member', 'viewer'], m.role), m.created_at limit 1) end as heir
        from workspaces w join workspace_members o on o.workspace_id = w.id and o.user_id = ${userId} and o.role = 'owner'`
      for (const { id, heir } of owned) {
        if (heir === null) {
          await tx.sql`update workspaces set deleted_at = coalesce(deleted_at, now()), version = version + 1 where id = ${id}`
          continue
        }
        await tx.sql`update workspace_members set role = 'owner' where workspace_id = ${id} and user_id = ${heir}`
        await tx.sql`delete from workspace_members where workspace_id = ${id} and user_id = ${userId}`
        await audit(tx.sql, {
          action: 'workspace.transferred',
          targetId: heir,
          workspaceId: id,
          details: { reason: 'erasure' },
        })
      }
      return owned.filter(({ heir }) => heir === null).map(({ id }) => id)
    })

  /** What they said, in rows and in the history that clients resume from; their name where others are told of them. */
  async function forgetWords(tx: Tx, userId: string): Promise<void> {
    const rooms = await tx.sql<{ topic: string }[]>`
      select distinct 'conversation:' || conversation_id as topic from messages where author_id = ${userId}
      union select 'conversation:' || conversation_id from conversation_members where user_id = ${userId}
      union select 'workspace:' || workspace_id from workspace_members where user_id = ${userId}`
    const topics = tx.sql.array(rows(rooms))
    await tx.sql`
      update events set data = data || '{"content": "", "attachments": [], "authorId": null}'
      where topic = any(${topics}::text[]) and data ->> 'authorId' = ${userId}`
    await tx.sql`
      update events set data = data || '{"name": "Somebody"}'
      where topic = any(${topics}::text[]) and data ->> 'userId' = ${userId} and data ? 'name'`
    await tx.sql`
      update messages set content = '', attachments = '[]', version = version + 1, deleted_at = coalesce(deleted_at, now())
      where author_id = ${userId}`
  }

  const rows = (found: readonly { topic: string }[]) => found.map(({ topic }) => topic)

  return async function erase(userId: string): Promise<{ erased: boolean }> {
    const [user] = await db.sql<{ email: string }[]>`select email from users where id = ${userId}`
    if (user === undefined) return { erased: false }
    const archives = await db.sql<{ key: string }[]>`
      select storage_key as key from data_exports where user_id = ${userId} and storage_key is not null`
    for (const { key } of archives) await deleteObject(key)
    const gone = await bequeath(userId)
    if ((await purgeWorkspaces(gone)) < gone.length) throw new Error('some files are still in the storage')
    await db.transact(async (tx) => {
      await forgetWords(tx, userId)
      const own = topicOf('user', userId)
      await tx.sql`delete from events where topic = ${own}`
      await tx.sql`delete from topics where topic = ${own}`
      await tx.sql`delete from idempotency_keys where scope = ${own}`
      await tx.sql`delete from invitations where lower(email) = lower(${user.email})`
      await tx.sql`delete from users where id = ${userId}`
      await audit(tx.sql, { action: 'account.erased', targetId: userId })
    })
    return { erased: true }
  }
}

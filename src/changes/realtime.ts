import type { Actor } from '../contracts/policy.ts'
import type { SocketRegistry } from '../contracts/sockets.ts'
import type { ChangeFeeds } from './feeds.ts'

/** What the topics `changes:<workspaceId>` need from outside. */
export interface ChangesRealtimeDeps {
  hub: SocketRegistry
  feeds: ChangeFeeds
  /** Demands that the actor may read a workspace. @throws NOT_FOUND */
  demandRead: (actor: Actor, workspaceId: string) => Promise<unknown>
}

/** Registers the topics `changes:<workspaceId>`: for whoever may read the workspace, and not a moment longer. */
export function registerChanges({ hub, feeds, demandRead }: ChangesRealtimeDeps): void {
  hub.authorize('changes', demandRead)
  hub.watch('changes', feeds.open)
  hub.project('database.changed', ({ data }) => ({ type: 'database_change', ...data }))
  hub.guard('database.changed', ({ topic, data }) => {
    const { table, operation, record } = data as { table: string; operation: string; record: { userId: string } }
    if (table === 'workspace_members' && operation === 'delete') hub.expel(record.userId, topic, 'removed')
  })
}

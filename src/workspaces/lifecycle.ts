import type { Origin } from '../contracts/audit.ts'
import { problem } from '../contracts/errors.ts'
import { topicOf } from '../contracts/events.ts'
import { idAfter } from '../contracts/list.ts'
import { type Actor, demand, type Operation } from '../contracts/policy.ts'
import { audit } from '../db/audit.ts'
import type { Database } from '../db/database.ts'
import type { Tx } from '../db/transaction.ts'
import { toPage } from '../lib/cursor.ts'
import type { DeletedWorkspace, Workspace, WorkspaceMember } from './model.ts'
import type { createWorkspaceRepository } from './repository.ts'

/** What the end of a workspace, and its way back, need. */
export interface LifecycleDeps {
  db: Database
  repository: ReturnType<typeof createWorkspaceRepository>
  expectMatch: (actor: Actor, id: string, ifMatch: string, operation: Operation) => Promise<Workspace>
  /** For how many days what was deleted can be restored. */
  deletedKeptDays: number
}

const DAY_MS = 86_400_000

/** Ownership of workspaces, their deletion and restoration. What is not restored in time is removed for good by the job `trash.purge`. */
export function createWorkspaceLifecycle({ db, repository, expectMatch, deletedKeptDays }: LifecycleDeps) {
  /** Tells the workspace, and each member: their sockets lose it, or can have it again. */
  async function tell(tx: Tx, name: 'workspace.deleted' | 'workspace.restored', workspace: Workspace): Promise<void> {
    const members = await repository.memberIds(tx, workspace.id)
    const topics = [topicOf('workspace', workspace.id), ...members.map((userId) => topicOf('user', userId))]
    for (const topic of topics) tx.emit({ topic, name, data: workspace })
  }

  return {
    /** Deletes a workspace; its owner can restore it for some days. @throws CONFLICT for a personal one */
    async remove(actor: Actor, id: string, ifMatch: string, origin?: Origin): Promise<void> {
      const workspace = await expectMatch(actor, id, ifMatch, 'workspace:delete')
      if (workspace.personal) throw problem('CONFLICT', { detail: 'The personal workspace goes with its account' })
      await db.transact(async (tx) => {
        if (!(await repository.remove(tx, id, workspace.version))) throw problem('PRECONDITION_FAILED')
        await audit(tx.sql, {
          action: 'workspace.deleted',
          actorId: actor.userId,
          targetId: id,
          workspaceId: id,
          origin,
        })
        await tell(tx, 'workspace.deleted', { ...workspace, version: workspace.version + 1 })
      })
    },

    /** Deleted workspaces that the actor owns and can still restore. */
    async listDeleted(actor: Actor, query: { limit: number; cursor?: string | undefined }) {
      const rows = await repository.deleted(actor.userId, deletedKeptDays, query.limit, idAfter(query.cursor))
      const page = toPage([...rows], query.limit, (row) => [row.id])
      const items = page.items.map(
        (row): DeletedWorkspace => ({
          ...row,
          restorableUntil: new Date(Date.parse(row.deletedAt) + deletedKeptDays * DAY_MS).toISOString(),
        }),
      )
      return { ...page, items }
    },

    /** Takes a deletion back, with everything that was in it. @throws NOT_FOUND when it is too late, or was never there */
    restore: (actor: Actor, id: string, origin?: Origin): Promise<Workspace> =>
      db.transact(async (tx) => {
        const found = await repository.deletedOf(tx, id, actor.userId, deletedKeptDays)
        const role = demand(found?.role, 'workspace:delete', 'deleted workspace')
        const workspace = { ...(await repository.restore(tx, id)), role }
        await audit(tx.sql, {
          action: 'workspace.restored',
          actorId: actor.userId,
          targetId: id,
          workspaceId: id,
          origin,
        })
        await tell(tx, 'workspace.restored', workspace)
        return workspace
      }),

    /** Hands a workspace over to a member; whoever owned it becomes an admin. @throws UNPROCESSABLE for one who is no member, or no person */
    async transfer(actor: Actor, id: string, userId: string, origin?: Origin): Promise<Workspace> {
      const workspace = await expectMatch(actor, id, '*', 'workspace:transfer')
      if (workspace.personal) throw problem('CONFLICT', { detail: 'The personal workspace cannot be handed over' })
      if (await repository.isService(userId))
        throw problem('UNPROCESSABLE', { detail: 'A service account owns nothing' })
      return db.transact(async (tx) => {
        // Both rows in the order of their ids, so that two transfers at a time wait for each other.
        const members = new Map<string, WorkspaceMember | undefined>()
        for (const one of [actor.userId, userId].sort()) members.set(one, await repository.member(tx, id, one))
        const [from, to] = [members.get(actor.userId), members.get(userId)]
        demand(from?.role, 'workspace:transfer', 'workspace')
        if (to === undefined) throw problem('UNPROCESSABLE', { detail: 'Only a member can become the owner' })
        if (userId === actor.userId) return workspace
        const changed = [
          { ...(from as WorkspaceMember), role: 'admin' as const },
          { ...to, role: 'owner' as const },
        ]
        for (const { email: _, ...member } of changed) {
          await repository.setRole(tx, id, member.userId, member.role)
          for (const topic of [topicOf('workspace', id), topicOf('user', member.userId)])
            tx.emit({ topic, name: 'workspace.member_updated', data: member })
        }
        await audit(tx.sql, {
          action: 'workspace.transferred',
          actorId: actor.userId,
          targetId: userId,
          workspaceId: id,
          origin,
        })
        return { ...workspace, role: 'admin' as const }
      })
    },
  }
}

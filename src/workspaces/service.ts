import type { AuditedAction, Origin } from '../contracts/audit.ts'
import { problem } from '../contracts/errors.ts'
import { type EventName, topicOf } from '../contracts/events.ts'
import { idAfter } from '../contracts/list.ts'
import { type Actor, demand, may, type Operation, type WorkspaceRole } from '../contracts/policy.ts'
import { audit } from '../db/audit.ts'
import type { Database } from '../db/database.ts'
import type { Tx } from '../db/transaction.ts'
import { toPage } from '../lib/cursor.ts'
import { matchesETag, recordETag } from '../lib/etag.ts'
import { newId } from '../lib/ids.ts'
import { createWorkspaceLifecycle } from './lifecycle.ts'
import type { AddMemberBody, Workspace, WorkspaceBody, WorkspaceMember } from './model.ts'
import { createWorkspaceRepository } from './repository.ts'

const DETAIL = 'workspace'

/** Workspaces and who belongs to them; the place where every other feature asks for a role. */
export function createWorkspaces(db: Database, { deletedKeptDays }: { deletedKeptDays: number }) {
  const repository = createWorkspaceRepository(db)

  async function get(actor: Actor, id: string, operation: Operation = 'workspace:read'): Promise<Workspace> {
    const workspace = await repository.ofMember(id, actor.userId)
    demand(workspace?.role, operation, DETAIL)
    return workspace as Workspace
  }

  async function expectMatch(actor: Actor, id: string, ifMatch: string, operation: Operation): Promise<Workspace> {
    const workspace = await get(actor, id, operation)
    if (!matchesETag(ifMatch, recordETag(workspace))) throw problem('PRECONDITION_FAILED')
    return workspace
  }

  const tellMember = (tx: Tx, name: EventName, member: WorkspaceMember) => {
    // Everybody there reads it: emails are for those who manage members.
    const { email: _, ...data } = member
    for (const topic of [topicOf('workspace', member.workspaceId), topicOf('user', member.userId)])
      tx.emit({ topic, name, data })
  }

  const auditMember = (tx: Tx, action: AuditedAction, actor: Actor, member: WorkspaceMember, origin?: Origin) =>
    audit(tx.sql, {
      action,
      actorId: actor.userId,
      targetId: member.userId,
      workspaceId: member.workspaceId,
      origin,
      details: { role: member.role },
    })

  /** Makes somebody a member within the caller's transaction. @throws CONFLICT for one who is there already */
  async function join(
    tx: Tx,
    actor: Actor,
    to: { id: string; userId: string; role: WorkspaceRole },
    origin?: Origin,
  ): Promise<WorkspaceMember> {
    if (!(await repository.addMember(tx, to.id, to.userId, to.role)))
      throw problem('CONFLICT', { detail: 'Is a member already' })
    const member = (await repository.member(tx, to.id, to.userId)) as WorkspaceMember
    await auditMember(tx, 'workspace.member_added', actor, member, origin)
    tellMember(tx, 'workspace.member_added', member)
    return member
  }

  async function lockMember(tx: Tx, id: string, userId: string): Promise<WorkspaceMember> {
    const member = await repository.member(tx, id, userId)
    if (member === undefined) throw problem('NOT_FOUND', { detail: 'No such member' })
    if (member.role === 'owner') throw problem('CONFLICT', { detail: 'The owner cannot be changed or removed' })
    return member
  }

  return {
    get,

    /** The workspace a request works in: the named one, else the actor's personal one. Demands that the actor may. */
    async resolve(
      actor: Actor,
      id: string | undefined,
      operation: Operation,
    ): Promise<{ id: string; role: WorkspaceRole }> {
      const workspaceId = id ?? (await repository.personalOf(actor.userId))
      if (workspaceId === undefined) throw problem('NOT_FOUND', { detail: 'No such workspace' })
      return { id: workspaceId, role: demand(await repository.roleOf(actor.userId, workspaceId), operation, DETAIL) }
    },

    /** The role of a user in a workspace; undefined for outsiders. */
    roleOf: (userId: string, id: string) => repository.roleOf(userId, id),

    /** Makes the personal workspace of a new user within the caller's transaction. */
    createPersonal: (tx: Tx, user: { id: string; name: string }) =>
      repository.insert(tx, {
        id: newId(),
        name: `${user.name.slice(0, 90)}'s space`,
        personal: true,
        createdBy: user.id,
      }),

    create: (actor: Actor, input: WorkspaceBody, origin?: Origin): Promise<Workspace> =>
      db.transact(async (tx) => {
        const workspace = await repository.insert(tx, {
          id: newId(),
          name: input.name,
          personal: false,
          createdBy: actor.userId,
        })
        const targetId = workspace.id
        await audit(tx.sql, {
          action: 'workspace.created',
          actorId: actor.userId,
          targetId,
          workspaceId: targetId,
          origin,
        })
        tx.emit({ topic: topicOf('user', actor.userId), name: 'workspace.created', data: workspace })
        return workspace
      }),

    async list(actor: Actor, query: { limit: number; cursor?: string | undefined }) {
      return toPage(
        [...(await repository.list(actor.userId, query.limit, idAfter(query.cursor)))],
        query.limit,
        (row) => [row.id],
      )
    },

    async update(actor: Actor, id: string, ifMatch: string, input: WorkspaceBody, origin?: Origin): Promise<Workspace> {
      const { version, role } = await expectMatch(actor, id, ifMatch, 'workspace:update')
      return db.transact(async (tx) => {
        const changed = await repository.update(tx, id, version, input.name)
        if (changed === undefined) throw problem('PRECONDITION_FAILED')
        const workspace = { ...changed, role }
        const line = { action: 'workspace.updated', actorId: actor.userId, targetId: id, workspaceId: id } as const
        await audit(tx.sql, { ...line, origin })
        tx.emit({ topic: topicOf('workspace', id), name: 'workspace.updated', data: workspace })
        return workspace
      })
    },

    ...createWorkspaceLifecycle({ db, repository, expectMatch, deletedKeptDays }),

    async members(actor: Actor, id: string, query: { limit: number; cursor?: string | undefined }) {
      const { role } = await get(actor, id, 'members:read')
      const rows = await repository.members(id, query.limit, idAfter(query.cursor))
      const page = toPage([...rows], query.limit, (row) => [row.userId])
      if (may(role, 'members:manage')) return page
      const items = page.items.map(({ email, ...row }) => (row.userId === actor.userId ? { ...row, email } : row))
      return { ...page, items: items as WorkspaceMember[] }
    },

    join,

    /** Adds a registered user. Undefined for an email that nobody has: who is behind it can be invited. */
    async addMember(
      actor: Actor,
      id: string,
      input: AddMemberBody,
      origin?: Origin,
    ): Promise<WorkspaceMember | undefined> {
      await get(actor, id, 'members:manage')
      const userId = await repository.findUser(input)
      if (userId === undefined && input.userId === undefined) return undefined
      if (userId === undefined) throw problem('UNPROCESSABLE', { detail: 'No such user' })
      return db.transact((tx) => join(tx, actor, { id, userId, role: input.role }, origin))
    },

    async setRole(
      actor: Actor,
      id: string,
      userId: string,
      role: 'admin' | 'member' | 'viewer',
      origin?: Origin,
    ): Promise<WorkspaceMember> {
      await get(actor, id, 'members:manage')
      return db.transact(async (tx) => {
        const member = { ...(await lockMember(tx, id, userId)), role }
        await repository.setRole(tx, id, userId, role)
        await auditMember(tx, 'workspace.member_updated', actor, member, origin)
        tellMember(tx, 'workspace.member_updated', member)
        return member
      })
    },

    /** Removes a member; everybody may remove themselves. */
    async removeMember(actor: Actor, id: string, userId: string, origin?: Origin): Promise<void> {
      await get(actor, id, userId === actor.userId ? 'members:read' : 'members:manage')
      await db.transact(async (tx) => {
        const member = await lockMember(tx, id, userId)
        await repository.removeMember(tx, id, userId)
        await auditMember(tx, 'workspace.member_removed', actor, member, origin)
        tellMember(tx, 'workspace.member_removed', member)
      })
    },
  }
}

/** See {@link createWorkspaces}. */
export type Workspaces = ReturnType<typeof createWorkspaces>

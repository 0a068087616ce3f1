import type { AuditedAction, Origin } from '../contracts/audit.ts'
import { problem } from '../contracts/errors.ts'
import { topicOf } from '../contracts/events.ts'
import { idAfter } from '../contracts/list.ts'
import { type Actor, demandInConversation, type Operation } from '../contracts/policy.ts'
import { audit } from '../db/audit.ts'
import type { Database } from '../db/database.ts'
import type { Tx } from '../db/transaction.ts'
import { toPage } from '../lib/cursor.ts'
import type { Conversation, ConversationMember, DeletedConversation, DeletedConversationQuery } from './model.ts'
import type { createConversationRepository } from './repository.ts'

/** What the way back of a deleted conversation needs. */
export interface ConversationLifecycleDeps {
  db: Database
  repository: ReturnType<typeof createConversationRepository>
  resolveWorkspace: (actor: Actor, id: string | undefined, operation: Operation) => Promise<{ id: string }>
  /** For how many days what was deleted can be restored. */
  deletedKeptDays: number
}

const DAY_MS = 86_400_000

/** Writes a line of the audit log about a conversation or one of its members. */
export const noteConversation = (
  tx: Tx,
  action: AuditedAction,
  actor: Actor,
  about: { conversationId: string; workspaceId: string; userId?: string },
  origin?: Origin,
): Promise<void> =>
  audit(tx.sql, {
    action,
    actorId: actor.userId,
    targetId: about.userId ?? about.conversationId,
    workspaceId: about.workspaceId,
    origin,
    ...(about.userId !== undefined && { details: { conversationId: about.conversationId } }),
  })

/** Tells a conversation and whom it is about of a member who came or went. */
export function tellMember(
  tx: Tx,
  name: 'conversation.member_added' | 'conversation.member_removed',
  member: ConversationMember,
): void {
  for (const topic of [topicOf('conversation', member.conversationId), topicOf('user', member.userId)])
    tx.emit({ topic, name, data: member })
}

/** Deleted conversations: seen and restored while they can be. What is not is removed for good by the job `trash.purge`. */
export function createConversationLifecycle(deps: ConversationLifecycleDeps) {
  const { db, repository, resolveWorkspace, deletedKeptDays } = deps
  return {
    /** Deleted conversations of a workspace, newest first; for those who may moderate there. */
    async listDeleted(actor: Actor, query: DeletedConversationQuery) {
      const { id } = await resolveWorkspace(actor, query.workspaceId, 'conversations:moderate')
      const rows = await repository.deleted(id, deletedKeptDays, query.limit, idAfter(query.cursor))
      const page = toPage([...rows], query.limit, (row) => [row.id])
      const items = page.items.map(
        (row): DeletedConversation => ({
          ...row,
          restorableUntil: new Date(Date.parse(row.deletedAt) + deletedKeptDays * DAY_MS).toISOString(),
        }),
      )
      return { ...page, items }
    },

    /** Takes a deletion back. @throws NOT_FOUND when it is too late, or was never there; FORBIDDEN */
    restore: (actor: Actor, id: string, origin?: Origin): Promise<Conversation> =>
      db.transact(async (tx) => {
        const standing = await repository.findDeleted(tx, id, actor.userId, deletedKeptDays)
        demandInConversation(standing, 'conversations:moderate', 'deleted conversation')
        const conversation = await repository.restore(tx, id)
        const about = { conversationId: id, workspaceId: conversation.workspaceId }
        await noteConversation(tx, 'conversation.restored', actor, about, origin)
        for (const topic of [topicOf('conversation', id), topicOf('workspace', about.workspaceId)])
          tx.emit({ topic, name: 'conversation.restored', data: conversation })
        return conversation
      }),

    /** Makes somebody a guest or member within the caller's transaction. @throws CONFLICT for one who is there already */
    async join(tx: Tx, actor: Actor, to: { id: string; userId: string }, origin?: Origin): Promise<ConversationMember> {
      const place = await repository.placeOf(tx, to.id, to.userId)
      if (place === undefined) throw problem('NOT_FOUND', { detail: 'No such conversation' })
      if (!(await repository.addMember(tx, to.id, to.userId, place.inside ? 'member' : 'guest')))
        throw problem('CONFLICT', { detail: 'Is a member already' })
      const member = (await repository.member(tx.sql, to.id, to.userId)) as ConversationMember
      const about = { conversationId: to.id, workspaceId: place.workspaceId, userId: to.userId }
      await noteConversation(tx, 'conversation.member_added', actor, about, origin)
      tellMember(tx, 'conversation.member_added', member)
      return member
    },
  }
}

import type { PlanReply, ReplyOccasion } from '../contracts/assistant.ts'
import { topicOf } from '../contracts/events.ts'
import type { Tx } from '../db/transaction.ts'
import { newId } from '../lib/ids.ts'
import { mentionsAssistant } from './question.ts'
import { type ReplyRepository, toMessage, waitingKey } from './replies.ts'

/** Whether a message gets a reply. */
export function isDue({
  mode,
  content,
  humanMembers,
}: Pick<ReplyOccasion, 'mode' | 'content' | 'humanMembers'>): boolean {
  if (mode === 'off') return false
  if (mode === 'always') return true
  if (mode === 'auto' && humanMembers === 1) return true
  return mentionsAssistant(content)
}

/** Plans replies: see the port in contracts/assistant.ts. */
export function createReplyPlanner(repository: Pick<ReplyRepository, 'insert'>): PlanReply<Tx> {
  return async (tx, occasion) => {
    if (!isDue(occasion)) return undefined
    const { conversationId, workspaceId, authorId } = occasion
    const messageId = occasion.replyId ?? newId()
    const jobId = await tx.job({
      name: 'reply.generate',
      data: { conversationId, messageId },
      userId: authorId,
      workspaceId,
      // One that has not begun reads the conversation when it does: it takes this message along.
      dedupeKey: waitingKey(conversationId),
    })
    if (jobId === undefined) return undefined
    const waiting = {
      id: messageId,
      conversationId,
      replyTo: occasion.messageId,
      threadId: occasion.threadId,
      createdAt: new Date().toISOString(),
    }
    const record = toMessage({ ...waiting, seq: 0, content: '', citations: [], status: 'streaming', version: 1 })
    return {
      messageId,
      jobId,
      event: { topic: topicOf('conversation', conversationId), name: 'reply.started', data: { ...record, seq: null } },
      store: (tx, seq) => repository.insert(tx.sql, { ...waiting, seq }),
    }
  }
}

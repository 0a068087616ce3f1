import { topicOf } from '../contracts/events.ts'
import type { Citation, Message } from '../contracts/messages.ts'
import type { Database } from '../db/database.ts'
import { type Allowance, tokensOf } from './allowance.ts'
import { type ReplyRepository, toMessage } from './replies.ts'

/** How a reply ends. Without `content` it keeps what was written so far. */
export interface Ending {
  status: 'complete' | 'stopped' | 'failed'
  content?: string
  citations?: Citation[]
  /** What it has cost; where nobody knows: about what was written. */
  tokens?: number
}

const EVENT = { complete: 'reply.completed', stopped: 'reply.stopped', failed: 'reply.failed' } as const

/** Stands in place of a reply that could not be written. Tells nothing of the inside. */
const FAILED_TEXT = 'I could not write this answer. Please try again.'

/**
 * Ends replies: the row and the event in one transaction, once, whoever comes first. Answers the message, or undefined when it had
 * ended before.
 */
export function createEndings(
  db: Pick<Database, 'transact'>,
  repository: ReplyRepository,
  allowance: Pick<Allowance, 'settle'>,
) {
  return (id: string, { status, content, citations = [], tokens }: Ending): Promise<Message | undefined> =>
    db.transact(async (tx) => {
      const fallback = status === 'failed' ? FAILED_TEXT : ''
      const row = await repository.finish(tx.sql, id, { status, citations, content, fallback })
      if (!row) return undefined
      await allowance.settle(tx, id, tokens ?? tokensOf(row.content === fallback ? '' : row.content))
      const message = toMessage(row)
      tx.emit({ topic: topicOf('conversation', row.conversationId), name: EVENT[status], data: message })
      return message
    })
}

/** See {@link createEndings}. */
export type EndReply = ReturnType<typeof createEndings>

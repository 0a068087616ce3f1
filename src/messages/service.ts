import { problem } from '../contracts/errors.ts'
import { type EventName, topicOf } from '../contracts/events.ts'
import type { Message } from '../contracts/messages.ts'
import { type Actor, type ConversationOperation, demandInConversation, mayInConversation } from '../contracts/policy.ts'
import type { Tx } from '../db/transaction.ts'
import { decodeCursor, toPage } from '../lib/cursor.ts'
import { matchesETag, ofVersion, recordETag } from '../lib/etag.ts'
import { createDelivery, type DeliveryDeps, type Sent } from './delivery.ts'
import { findMentioned, mentionEvents } from './mentions.ts'
import type { EditBody, MessageQuery, SendBody } from './model.ts'
import { createReactions } from './reactions.ts'
import { createMessageRepository } from './repository.ts'

/** What messages need from outside. */
export interface MessagesDeps extends DeliveryDeps {
  /** Demands that the actor may do something in a conversation; see the conversations service. */
  access: (actor: Actor, conversationId: string, operation: ConversationOperation) => Promise<unknown>
}

/** How often a change without If-Match is tried against somebody else's. */
const ATTEMPTS = 5

/** Which version a change is meant for: an If-Match header, a version number, or whatever is there. */
export interface Expected {
  ifMatch?: string | undefined
  version?: number | undefined
}

function expect(message: Message, { ifMatch, version }: Expected): void {
  const fits =
    (ifMatch === undefined ||
      matchesETag(ofVersion(ifMatch), recordETag({ id: message.id, version: message.version }))) &&
    (version === undefined || version === message.version)
  if (!fits) throw problem('PRECONDITION_FAILED')
}

/** Messages of conversations: the same for REST and sockets. */
export function createMessages({ access, ...deps }: MessagesDeps) {
  const { db } = deps
  const repository = createMessageRepository(db)
  const deliver = createDelivery(deps)

  async function find(actor: Actor, id: string) {
    const found = await repository.find(id, actor.userId)
    demandInConversation(found?.access, 'conversations:read', 'message')
    return found as NonNullable<typeof found>
  }

  /** Changes a message under the version it was read with; without an expected one, again when somebody else was quicker. */
  async function change(
    actor: Actor,
    id: string,
    expected: Expected,
    name: EventName,
    write: (tx: Tx, message: Message) => Promise<Message | undefined>,
  ): Promise<Message> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const { message, access: standing } = await find(actor, id)
      const own = message.authorId === actor.userId && mayInConversation(standing, 'conversations:write')
      if (!own) demandInConversation(standing, 'conversations:moderate')
      expect(message, expected)
      if (message.deletedAt !== undefined) {
        if (name === 'message.deleted') return message
        throw problem('CONFLICT', { detail: 'The message is deleted' })
      }
      if (message.status === 'streaming') throw problem('CONFLICT', { detail: 'The reply is still being written' })
      const changed = await db.transact(async (tx) => {
        const row = await write(tx, message)
        if (row === undefined) return undefined
        tx.emit({ topic: topicOf('conversation', row.conversationId), name, data: row })
        for (const told of mentionEvents(row, message.mentions)) tx.emit(told)
        return row
      })
      if (changed) return changed
    }
    throw problem('CONFLICT', { detail: 'The message is being changed by others' })
  }

  const readable = async (actor: Actor, id: string, operation: ConversationOperation): Promise<Message> => {
    const { message, access: standing } = await find(actor, id)
    demandInConversation(standing, operation, 'message')
    return message
  }
  const reactions = createReactions({ db, find: readable })

  const behind = (cursor: string | undefined): number | undefined => {
    const keys = cursor === undefined ? undefined : decodeCursor(cursor, ['number'])
    if (cursor !== undefined && keys === undefined) throw problem('INVALID_CURSOR')
    return keys?.[0] as number | undefined
  }

  return {
    react: reactions.react,
    reactions: reactions.list,

    /** The thread that a message belongs to, without its first message: all that was answered to it, and to the answers. */
    async replies(
      actor: Actor,
      id: string,
      { limit, cursor, order = 'asc' }: Partial<MessageQuery> & { limit: number },
    ) {
      const { conversationId, threadId } = await readable(actor, id, 'conversations:read')
      const root = threadId ?? id
      const rows = await repository.thread(conversationId, actor.userId, limit + 1, behind(cursor), order, root)
      return toPage(rows, limit, (row) => [row.seq])
    },

    /** `replyId` is the id that a reply gets, where one is planned along. @throws NOT_FOUND, FORBIDDEN, UNPROCESSABLE */
    send: (actor: Actor, conversationId: string, input: SendBody, replyId?: string): Promise<Sent> =>
      deliver({ actor, conversationId, input, replyId }),

    /** A message; a deleted one as its tombstone. */
    get: async (actor: Actor, id: string): Promise<Message> => (await find(actor, id)).message,

    async list(actor: Actor, conversationId: string, { limit, cursor, order }: MessageQuery) {
      const from = behind(cursor)
      const rows = await repository.list(conversationId, actor.userId, limit + 1, from, order === 'desc')
      // Rights are part of the query; only a page without rows leaves the question open.
      if (rows.length === 0) await access(actor, conversationId, 'conversations:read')
      return toPage(rows, limit, (row) => [row.seq])
    },

    /** By its author, or by who may moderate. @throws PRECONDITION_FAILED for another version than expected, CONFLICT */
    edit: (actor: Actor, id: string, input: EditBody, expected: Expected = {}): Promise<Message> =>
      change(actor, id, expected, 'message.updated', async (tx, { version, conversationId }) => {
        const mentions = await findMentioned(tx.sql, conversationId, input)
        return repository.edit(tx, id, version, input.content, mentions)
      }),

    /** Leaves a tombstone. Deleting again changes nothing. */
    remove: (actor: Actor, id: string, expected: Expected = {}): Promise<Message> =>
      change(actor, id, expected, 'message.deleted', (tx, { version }) => repository.remove(tx, id, version)),
  }
}

/** See {@link createMessages}. */
export type Messages = ReturnType<typeof createMessages>

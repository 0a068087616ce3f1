import Type from 'typebox'
import { Id } from '../contracts/http.ts'
import { Message } from '../contracts/messages.ts'
import { toolOf } from '../contracts/tools.ts'
import { MessagePage, MessageQuery, SendBody } from './model.ts'
import type { Messages } from './service.ts'

const tool = toolOf<Messages>()
const closed = { additionalProperties: false }
const read = { needs: 'conversations:read', scope: 'conversations:read', limit: 'read', writes: false } as const

/** Messages as tools for agents. */
export const MESSAGE_TOOLS = [
  tool({
    ...read,
    name: 'list_messages',
    title: 'Read messages',
    description: 'Messages of a conversation by pages, newest first unless told otherwise.',
    input: Type.Object({ conversationId: Id, ...MessageQuery.properties }, closed),
    output: MessagePage,
    run: (messages, actor, { conversationId, ...query }) => messages.list(actor, conversationId, query),
  }),
  tool({
    ...read,
    name: 'get_message',
    title: 'Get a message',
    description:
      'One message by its id. A reply of the assistant is being written while its status is "streaming": ask again.',
    input: Type.Object({ messageId: Id }, closed),
    output: Message,
    run: (messages, actor, { messageId }) => messages.get(actor, messageId),
  }),
  tool({
    name: 'send_message',
    title: 'Send a message',
    description:
      'Write a message into a conversation, in your name. Everybody in it sees it at once. The same clientId again gives the same message instead of another one.',
    needs: 'conversations:write',
    scope: 'conversations:write',
    limit: 'write',
    writes: true,
    input: Type.Object({ conversationId: Id, ...SendBody.properties }, closed),
    output: Message,
    run: async (messages, actor, { conversationId, ...body }) =>
      (await messages.send(actor, conversationId, body)).message,
  }),
]

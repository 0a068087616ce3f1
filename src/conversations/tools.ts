import Type from 'typebox'
import { Id } from '../contracts/http.ts'
import { toolOf } from '../contracts/tools.ts'
import { Conversation, ConversationPage, ConversationQuery } from './model.ts'
import type { Conversations } from './service.ts'

const tool = toolOf<Conversations>()
const read = { needs: 'conversations:read', scope: 'conversations:read', limit: 'read', writes: false } as const

/** Conversations as tools for agents. Their messages are in messages/tools.ts. */
export const CONVERSATION_TOOLS = [
  tool({
    ...read,
    name: 'list_conversations',
    title: 'List conversations',
    description: 'Conversations you may see, newest first, with how many messages you have not read.',
    input: ConversationQuery,
    output: ConversationPage,
    run: (conversations, actor, input) => conversations.list(actor, input),
  }),
  tool({
    ...read,
    name: 'get_conversation',
    title: 'Get a conversation',
    description: 'One conversation by its id: title, workspace, when the assistant answers in it, and what is unread.',
    input: Type.Object({ conversationId: Id }, { additionalProperties: false }),
    output: Conversation,
    run: (conversations, actor, { conversationId }) => conversations.get(actor, conversationId),
  }),
]

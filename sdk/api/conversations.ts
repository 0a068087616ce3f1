import { allItems, type Page } from '../http/pages.ts'
import type { Http } from '../http/request.ts'
import type { Operations } from '../operations.ts'
import type { Conversation, ConversationMember, Message } from '../types.ts'
import type { Rest } from './rest.ts'

/** How a list is read. */
export type ListOptions = { limit?: number; cursor?: string | undefined }

/** Conversations and their messages. */
export function conversationsApi(http: Http, rest: Rest) {
  const list = (query: ListOptions & { workspaceId?: string } = {}) =>
    http.json<Page<Conversation>>('GET', '/api/conversations', { query })
  const messages = (id: string, query: ListOptions & { order?: 'asc' | 'desc' } = {}) =>
    http.json<Page<Message>>('GET', `/api/conversations/${id}/messages`, { query })
  return {
    create: (input: { title?: string; workspaceId?: string; assistant?: Conversation['assistant'] }) =>
      http.json<Conversation>('POST', '/api/conversations', { body: input }),
    list,
    all: () => allItems((cursor) => list({ limit: 100, cursor })),
    get: (id: string) => http.tagged<Conversation>('GET', `/api/conversations/${id}`),
    /** Changes a conversation; `etag` is the one `get` gave: the server refuses (412) when somebody else was faster. */
    update: (id: string, etag: string, change: { title?: string; assistant?: Conversation['assistant'] }) =>
      http.tagged<Conversation>('PATCH', `/api/conversations/${id}`, { body: change, ifMatch: etag }),
    delete: (id: string, etag: string) => http.json<undefined>('DELETE', `/api/conversations/${id}`, { ifMatch: etag }),
    /** One page of messages, newest first unless asked otherwise. */
    messages,
    members: (id: string, query: ListOptions = {}) =>
      http.json<Page<ConversationMember>>('GET', `/api/conversations/${id}/members`, { query }),
    /** Adds a registered user, by id or by email. */
    addMember: (id: string, who: { userId: string } | { email: string }) =>
      http.json<ConversationMember>('POST', `/api/conversations/${id}/members`, { body: who }),
    /** Writes a message by REST; `socket.chat` does the same over the socket, and waits while offline. */
    post: (id: string, input: { content: string; clientId?: string; uploadIds?: string[]; replyTo?: string }) =>
      http.json<Message>('POST', `/api/conversations/${id}/messages`, { body: input }),
    /** Has the assistant write another reply to the same message. */
    regenerate: (messageId: string) => http.json<Message>('POST', `/api/messages/${messageId}/regenerate`),
    removeMember: (id: string, userId: string) =>
      http.json<undefined>('DELETE', `/api/conversations/${id}/members/${userId}`),
    message: (id: string) => rest.getMessage({ path: { id } }),
    /** The thread that a message began, oldest first. Write into it by `post` or `socket.chat` with `replyTo`. */
    replies: (messageId: string, query: Operations['listReplies']['query'] = {}) =>
      rest.listReplies({ path: { id: messageId }, query }),
    /** Reacts to a message; the same emoji again changes nothing. */
    react: (messageId: string, emoji: string) => rest.addReaction({ path: { id: messageId }, body: { emoji } }),
    /** Takes the own reaction away. */
    unreact: (messageId: string, emoji: string) => rest.removeReaction({ path: { id: messageId, emoji } }),
    /** Who has reacted with what. */
    reactions: (messageId: string, query: ListOptions = {}) => rest.listReactions({ path: { id: messageId }, query }),
    /** Tells that everything up to a number has been read. */
    read: (id: string, seq: number) => rest.markRead({ path: { id }, body: { seq } }),
  }
}

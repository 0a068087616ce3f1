import { topicOf } from '../contracts/events.ts'
import { CLIENT_FRAMES, type ClientFrame } from '../contracts/frames.ts'
import type { SocketRegistry } from '../contracts/sockets.ts'
import type { ConversationMember } from './model.ts'
import type { Conversations } from './service.ts'

/** What conversations have to do with sockets: who may follow them, and the `read` frame. */
export function registerConversationSockets(hub: SocketRegistry, conversations: Conversations): void {
  hub.authorize('conversation', (actor, id) => conversations.access(actor, id, 'conversations:read'))
  hub.command<ClientFrame<'read'>>('read', {
    schema: CLIENT_FRAMES.read,
    lane: ({ conversationId }) => `read ${conversationId}`,
    handler: (actor, { conversationId, seq }) => conversations.read(actor, conversationId, seq),
  })
  hub.guard('conversation.member_removed', ({ topic, data }) => {
    const { conversationId, userId, role } = data as ConversationMember
    // A guest has no other right than its membership; a member of the workspace may still have one.
    if (role === 'guest' && topic === topicOf('conversation', conversationId)) hub.expel(userId, topic, 'removed')
    else hub.control({ kind: 'recheck', userId })
  })
}

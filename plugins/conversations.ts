import fp from 'fastify-plugin'
import { LRUCache } from 'lru-cache'
import { Conversation, ConversationMember, DeletedConversation, ReadMarker } from '../src/conversations/model.ts'
import { registerConversationSockets } from '../src/conversations/realtime.ts'
import { type Conversations, createConversations } from '../src/conversations/service.ts'

declare module 'fastify' {
  interface FastifyInstance {
    conversations: Conversations
  }
}

/** Conversations as `app.conversations`, over REST and sockets. */
export default fp(
  async (app) => {
    for (const schema of [Conversation, DeletedConversation, ConversationMember, ReadMarker]) app.addSchema(schema)
    const personal = new LRUCache<string, string>({ max: 10_000 })
    const conversations = createConversations({
      db: app.db,
      deletedKeptDays: app.config.DELETED_KEPT_DAYS,
      resolveWorkspace: app.workspaces.resolve,
      async personalWorkspace(actor) {
        const known = personal.get(actor.userId)
        if (known !== undefined) return known
        const { id } = await app.workspaces.resolve(actor, undefined, 'workspace:read')
        personal.set(actor.userId, id)
        return id
      },
    })
    app.decorate('conversations', conversations)
    registerConversationSockets(app.hub, conversations)
  },
  { name: 'conversations', dependencies: ['db', 'workspaces', 'websockets'] },
)

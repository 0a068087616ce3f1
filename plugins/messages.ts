import fp from 'fastify-plugin'
import { Problem } from '../src/contracts/errors.ts'
import { Citation, Message } from '../src/contracts/messages.ts'
import { Mention, Reaction, ReactionChange, Reactions } from '../src/messages/model.ts'
import { registerMessageSockets } from '../src/messages/realtime.ts'
import { createMessages, type Messages } from '../src/messages/service.ts'

declare module 'fastify' {
  interface FastifyInstance {
    messages: Messages
  }
}

function missing(error: unknown): undefined {
  if (error instanceof Problem && (error.status === 404 || error.status === 403)) return undefined
  throw error
}

/** Messages as `app.messages`, over REST and sockets. */
export default fp(
  async (app) => {
    for (const schema of [Citation, Message, Mention, Reaction, ReactionChange, Reactions]) app.addSchema(schema)
    const messages = createMessages({
      db: app.db,
      access: app.conversations.access,
      planReply: app.assistant.plan,
      mayAttach: async (actor, workspaceId, uploadIds) => {
        const uploads = await Promise.all(uploadIds.map((id) => app.uploads.get(actor, id).catch(missing)))
        return uploads.every((upload) => upload?.workspaceId === workspaceId)
      },
    })
    app.decorate('messages', messages)
    registerMessageSockets(app.hub, messages)
  },
  { name: 'messages', dependencies: ['db', 'conversations', 'uploads', 'assistant', 'websockets'] },
)

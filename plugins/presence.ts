import fp from 'fastify-plugin'
import { registerPresenceSockets } from '../src/presence/realtime.ts'
import { createPresence } from '../src/presence/service.ts'
import { createTyping, type Typing } from '../src/presence/typing.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Tells those who follow a conversation that somebody is typing, or has stopped. */
    typing: Typing
  }
}

/** Presence and typing: ephemeral, never stored. */
export default fp(
  async (app) => {
    const typing = createTyping({ access: app.conversations.access, broadcast: app.frames.broadcast })
    const presence = await createPresence({
      pubsub: app.pubsub,
      show: (topic, userId, status) => app.hub.deliver(topic, { type: 'presence', userId, status }),
      onError: (err) => app.log.warn({ err }, 'presence'),
    })
    app.decorate('typing', typing)
    registerPresenceSockets(app.hub, presence, typing)
    app.addHook('onClose', async () => {
      typing.close()
      await presence.close()
    })
  },
  { name: 'presence', dependencies: ['pubsub', 'events', 'websockets', 'conversations'] },
)

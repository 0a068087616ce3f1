import fp from 'fastify-plugin'
import { createEventBus, type EventBus } from '../src/events/bus.ts'
import { type Broadcaster, createBroadcaster } from '../src/sockets/broadcast.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Events of committed transactions. */
    events: EventBus
    /** Ephemeral frames to the sockets of all instances. */
    frames: Broadcaster
  }
}

/** Events as `app.events`: what was committed here, and pointers to what other instances committed. Frames as `app.frames`. */
export default fp(
  async (app) => {
    const onError = (err: unknown) => app.log.error({ err }, 'delivering events')
    const bus = await createEventBus({ pubsub: app.pubsub, onError })
    app.db.onCommitted(({ events }) => bus.committed(events))
    app.decorate('events', bus)
    const frames = await createBroadcaster({ pubsub: app.pubsub, onError })
    app.decorate('frames', frames)
    app.addHook('onClose', async () => {
      await Promise.allSettled([bus.close(), frames.close()])
    })
  },
  { name: 'events', dependencies: ['db', 'pubsub'] },
)

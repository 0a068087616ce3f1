import fp from 'fastify-plugin'
import { createEventBus, type EventBus } from '../src/events/bus.ts'
import { pruneEvents } from '../src/events/retention.ts'
import { type Broadcaster, createBroadcaster } from '../src/sockets/broadcast.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Events of committed transactions. */
    events: EventBus
    /** Ephemeral frames to the sockets of all instances. */
    frames: Broadcaster
  }
}

const PRUNE_MS = 60 * 60_000

/**
 * Events as `app.events`: what was committed here, and pointers to what other instances committed. Frames as `app.frames`. Every hour
 * whoever runs jobs prunes what is older than EVENT_RETENTION_DAYS.
 */
export default fp(
  async (app) => {
    const onError = (err: unknown) => app.log.error({ err }, 'delivering events')
    const bus = await createEventBus({ pubsub: app.pubsub, onError })
    app.db.onCommitted(({ events }) => bus.committed(events))
    app.decorate('events', bus)
    const frames = await createBroadcaster({ pubsub: app.pubsub, onError })
    app.decorate('frames', frames)
    const closing = new AbortController()
    const prune = async () => {
      const gone = await pruneEvents({ sql: app.db.sql, days: app.config.EVENT_RETENTION_DAYS, signal: closing.signal })
      if (gone > 0) app.log.info({ gone }, 'old events were pruned')
    }
    let pruning: Promise<void> | undefined
    const timer = setInterval(() => {
      pruning = prune().catch((err) => app.log.warn({ err }, 'pruning events'))
    }, PRUNE_MS).unref()
    if (app.config.ROLE === 'api') clearInterval(timer)
    app.addHook('onClose', async () => {
      clearInterval(timer)
      closing.abort()
      await pruning
      await Promise.allSettled([bus.close(), frames.close()])
    })
  },
  { name: 'events', dependencies: ['config', 'db', 'pubsub'] },
)

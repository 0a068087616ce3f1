import fp from 'fastify-plugin'
import { createPostgresQueue } from '../src/adapters/queue/bullmq-postgres.ts'
import { createRedisQueue } from '../src/adapters/queue/bullmq-redis.ts'
import { createLazyQueue } from '../src/adapters/queue/lazy.ts'
import type { Queue } from '../src/contracts/queue.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The queue of jobs. Features do not add to it: they make jobs in their transactions (`tx.job`). */
    queue: Queue
  }
}

/** The queue as `app.queue`: on Redis where REDIS_URL is set, else on PostgreSQL. Opened when the first job or worker comes. */
export default fp<{ url: string }>(
  async (app, { url }) => {
    const onError = (err: Error) => app.log.warn({ err }, 'job queue')
    const redisUrl = app.config.REDIS_URL
    // The same Redis may serve several installations: each has a database of its own.
    const prefix = `{parley${new URL(url).pathname.replaceAll('/', '_')}}`
    const queue = redisUrl
      ? createLazyQueue('bullmq-redis', () => createRedisQueue({ url: redisUrl, prefix, onError }), onError)
      : createLazyQueue('bullmq-postgres', () => createPostgresQueue({ url, onError }), onError)
    app.decorate('queue', queue)
    app.health.add('queue', async () => {
      const { ok, latencyMs } = await queue.health()
      return { status: ok ? 'ok' : 'degraded', backend: queue.backend, latencyMs }
    })
  },
  { name: 'queue', dependencies: ['config', 'lifecycle', 'db'] },
)

import fp from 'fastify-plugin'
import { createPostgresPubSub } from '../src/adapters/pubsub/postgres.ts'
import { createRedisPubSub } from '../src/adapters/pubsub/redis.ts'
import type { PubSub } from '../src/contracts/pubsub.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The bus between the instances of this installation. */
    pubsub: PubSub
  }
}

/** The bus between instances as `app.pubsub`: over Redis where REDIS_URL is set, else over PostgreSQL. */
export default fp<{ url: string }>(
  async (app, { url }) => {
    const onError = (err: unknown) => app.log.warn({ err }, 'pub/sub')
    // The same Redis may serve several installations: each has a database of its own.
    const namespace = `parley${new URL(url).pathname.replaceAll('/', '_')}`
    const pubsub =
      app.config.REDIS_URL === undefined
        ? await createPostgresPubSub({ url, namespace, onError })
        : await createRedisPubSub({ url: app.config.REDIS_URL, namespace, onError })
    app.decorate('pubsub', pubsub)
    app.health.add('pubsub', async () => ((await pubsub.health()).ok ? 'ok' : 'degraded'))
    app.addHook('onClose', () => pubsub.close())
  },
  { name: 'pubsub', dependencies: ['config', 'lifecycle', 'db'] },
)

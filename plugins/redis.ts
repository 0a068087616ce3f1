import fp from 'fastify-plugin'

/**
 * One shared Redis connection as `app.redis`, only where REDIS_URL is set: everything that uses it has a twin on PostgreSQL or in memory.
 * Blocking or subscribing needs a connection of one's own.
 */
export default fp(
  async (app) => {
    const url = app.config.REDIS_URL
    if (url === undefined) return
    const [{ default: fastifyRedis }, { Redis }] = await Promise.all([import('@fastify/redis'), import('ioredis')])
    const client = new Redis(url, {
      maxRetriesPerRequest: 1,
      connectTimeout: 5000,
      enableOfflineQueue: true,
      lazyConnect: false,
    })
    client.on('error', (err) => app.log.warn({ err }, 'redis connection'))
    await app.register(fastifyRedis, { client, closeClient: true })
    app.health.add('redis', async () => ((await client.ping()) === 'PONG' ? 'ok' : 'down'))
  },
  { name: 'redis', dependencies: ['config', 'lifecycle'] },
)

import fp from 'fastify-plugin'
import { Gauge } from 'prom-client'
import { createMemoryCache } from '../src/adapters/cache/memory.ts'
import { createRedisCache } from '../src/adapters/cache/redis.ts'
import type { Cache, CacheStats } from '../src/contracts/cache.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Values that are costly to work out, kept for a while. */
    cache: Cache
  }
}

const CHANNEL = 'cache.forget'
const COUNTED = [
  'hits',
  'misses',
  'sets',
  'loads',
  'joined',
  'invalidations',
  'errors',
] as const satisfies (keyof CacheStats)[]

/** The cache as `app.cache`: in Redis where REDIS_URL is set, else in process, with instances telling each other what to forget. */
export default fp(
  async (app) => {
    const cache = app.redis
      ? createRedisCache({ redis: app.redis })
      : await createMemoryCache({
          broadcast: {
            publish: (notice) => app.pubsub.publish(CHANNEL, JSON.stringify(notice)),
            subscribe: (handler) => app.pubsub.subscribe(CHANNEL, (payload) => handler(JSON.parse(payload))),
          },
        })
    app.decorate('cache', cache)
    new Gauge({
      name: 'parley_cache_operations',
      help: 'What the cache has done since the start of this process',
      labelNames: ['backend', 'what'],
      registers: [app.metrics],
      collect() {
        const stats = cache.stats()
        for (const what of COUNTED) this.set({ backend: cache.backend, what }, stats[what])
      },
    })
    app.addHook('onClose', () => cache.close())
  },
  { name: 'cache', dependencies: ['redis', 'metrics', 'pubsub'] },
)

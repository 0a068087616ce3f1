import fp from 'fastify-plugin'
import { createFallbackAttempts } from '../src/adapters/attempts/fallback.ts'
import { createPostgresAttempts } from '../src/adapters/attempts/postgres.ts'
import { createRedisAttempts } from '../src/adapters/attempts/redis.ts'
import type { Attempts } from '../src/contracts/attempts.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Counts of wrong passwords and codes, shared by all instances. */
    attempts: Attempts
  }
}

/** Counts of attempts as `app.attempts`: in Redis where REDIS_URL is set and while it answers, else in PostgreSQL. */
export default fp(
  async (app) => {
    const onError = (err: unknown) => app.log.warn({ err }, 'counting attempts')
    const inPostgres = createPostgresAttempts({ db: app.db, onError })
    const attempts =
      app.redis === undefined
        ? inPostgres
        : createFallbackAttempts(createRedisAttempts({ redis: app.redis }), inPostgres, onError)
    app.decorate('attempts', attempts)
    app.addHook('onClose', () => attempts.close())
  },
  { name: 'attempts', dependencies: ['db', 'redis'] },
)

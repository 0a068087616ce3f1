import fp from 'fastify-plugin'
import { type ApiKeys, createApiKeys } from '../src/accounts/api-keys.ts'
import { createRefreshTokens, type RefreshTokens } from '../src/accounts/refresh-tokens.ts'
import { createSessions, type Sessions } from '../src/accounts/sessions.ts'
import { createPostgresSessions } from '../src/adapters/sessions/postgres.ts'
import { createRedisSessions } from '../src/adapters/sessions/redis.ts'

declare module 'fastify' {
  interface FastifyInstance {
    sessions: Sessions
    apiKeys: ApiKeys
    refreshTokens: RefreshTokens
  }
}

/** How often the time of last use is written down, ms. */
const FLUSH_MS = 30_000
/** Events on the topic of a user after which what is believed of the user's sessions is no longer true. */
const CHANGES: ReadonlySet<string> = new Set(['session.revoked', 'user.updated'])

/** Sessions and API keys. Standings are looked up in Redis where REDIS_URL is set, else in PostgreSQL. */
export default fp(
  async (app) => {
    const { config, db, pubsub, redis } = app
    const onError = (err: unknown) => app.log.warn({ err }, 'sessions')
    app.decorate('refreshTokens', createRefreshTokens(config.COOKIE_SECRET))
    const sessions = await createSessions({
      db,
      sealer: app.sealer,
      refreshTokens: app.refreshTokens,
      signAccessToken: app.accessTokens.sign,
      createLookup: (load) =>
        redis === undefined
          ? createPostgresSessions({ load, pubsub })
          : createRedisSessions({ load, pubsub, redis, onError }),
      accessTtl: config.ACCESS_TOKEN_TTL,
      refreshTtl: config.REFRESH_TOKEN_TTL,
      sessionTtl: config.SESSION_TTL,
      refreshGrace: config.REFRESH_GRACE,
    })
    db.onCommitted(({ events }) => {
      const users = new Set(
        events.flatMap(({ name, topic }) => (CHANGES.has(name) ? [topic.slice('user:'.length)] : [])),
      )
      for (const userId of users) sessions.forget(userId).catch(onError)
    })
    app.decorate('sessions', sessions)
    app.decorate('apiKeys', createApiKeys(db))
    const timer = setInterval(() => sessions.flush().catch(onError), FLUSH_MS).unref()
    app.addHook('onClose', async () => {
      clearInterval(timer)
      await sessions.close().catch(onError)
    })
  },
  { name: 'sessions', dependencies: ['config', 'db', 'sealer', 'redis', 'pubsub', 'tokens'] },
)

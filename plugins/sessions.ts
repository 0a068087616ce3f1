import jwt from '@fastify/jwt'
import fp from 'fastify-plugin'
import { type ApiKeys, createApiKeys } from '../src/accounts/api-keys.ts'
import { createSessions, type Sessions } from '../src/accounts/sessions.ts'
import { createSealer, type Sealer } from '../src/lib/seal.ts'

declare module 'fastify' {
  interface FastifyInstance {
    sessions: Sessions
    apiKeys: ApiKeys
    /** Seals secrets at rest with the key ring. */
    sealer: Sealer
  }
}

const ISSUER = 'parley'
const AUDIENCE = 'parley'

/** Sessions and API keys with their tokens: signed access tokens (JWT) and rotating refresh tokens. */
export default fp(
  async (app) => {
    const { config } = app
    await app.register(jwt, {
      secret: config.JWT_SECRET,
      sign: { algorithm: 'HS256', iss: ISSUER, aud: AUDIENCE, expiresIn: config.ACCESS_TOKEN_TTL },
      verify: {
        algorithms: ['HS256'],
        allowedIss: ISSUER,
        allowedAud: AUDIENCE,
        requiredClaims: ['exp', 'sub', 'sid'],
      },
    })
    app.decorate('sealer', createSealer(config.ENCRYPTION_KEY))
    const sessions = createSessions({
      db: app.db,
      sealer: app.sealer,
      secret: config.JWT_SECRET,
      signAccessToken: (claims) => app.jwt.sign({ ...claims, typ: 'access' }),
      accessTtl: config.ACCESS_TOKEN_TTL,
      refreshTtl: config.REFRESH_TOKEN_TTL,
      sessionTtl: config.SESSION_TTL,
      refreshGrace: config.REFRESH_GRACE,
    })
    app.db.onCommitted(({ events }) => {
      for (const event of events) {
        if (event.name === 'session.revoked') sessions.forget((event.data as { sessionId: string }).sessionId)
      }
    })
    app.decorate('sessions', sessions)
    app.decorate('apiKeys', createApiKeys(app.db))
  },
  { name: 'sessions', dependencies: ['config', 'db'] },
)

import cors from '@fastify/cors'
import helmet, { type FastifyHelmetOptions } from '@fastify/helmet'
import { fastify } from 'fastify'
import fp from 'fastify-plugin'
import { isAllowedOrigin } from '../src/http/origin.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Whether a browser page of this origin may act here. `host` is the Host header of its request. */
    allowsOrigin(origin: string | undefined, host: string | undefined): boolean
  }
}

const HELMET: FastifyHelmetOptions = {
  global: true,
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", 'data:', 'blob:'],
      connectSrc: ["'self'"],
      fontSrc: ["'self'"],
      manifestSrc: ["'self'"],
      baseUri: ["'none'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
    },
  },
  hsts: { maxAge: 31_536_000, includeSubDomains: true },
  referrerPolicy: { policy: 'no-referrer' },
  crossOriginResourcePolicy: { policy: 'same-origin' },
}
/** Headers of an empty answer that are not helmet's. */
const NOT_HELMET = new Set(['content-length', 'date', 'connection'])

/**
 * The headers that @fastify/helmet sets, asked of it once: they are the same for every answer, and working them out anew for each one
 * costs more CPU than all other plugins together (13 us of 35).
 */
async function securityHeaders(): Promise<Record<string, string>> {
  const probe = fastify()
  await probe.register(helmet, HELMET)
  probe.get('/', async (_request, reply) => reply.send())
  const { headers } = await probe.inject('/')
  await probe.close()
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (NOT_HELMET.has(name) ? [] : [[name, String(value)]])),
  )
}

/**
 * Security headers on every answer (helmet), and an exact allow-list of browser origins (CORS). A route that needs another policy
 * overwrites a header with `reply.header`.
 */
export default fp(
  async (app) => {
    const headers = await securityHeaders()
    app.addHook('onRequest', (_request, reply, done) => {
      reply.headers(headers)
      done()
    })
    const origins = app.config.CORS_ORIGINS.split(',')
      .map((origin) => origin.trim())
      .filter((origin) => origin !== '')
    const allowed = [...origins, app.config.PUBLIC_URL ?? '']
    app.decorate('allowsOrigin', (origin, host) => isAllowedOrigin(origin, host, allowed))
    await app.register(cors, {
      origin: origins.length === 0 ? false : origins,
      credentials: origins.length > 0,
      methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
      exposedHeaders: [
        'ETag',
        'Location',
        'Retry-After',
        'X-Request-Id',
        'Idempotency-Replayed',
        'RateLimit',
        'RateLimit-Policy',
        'RateLimit-Limit',
        'RateLimit-Remaining',
        'RateLimit-Reset',
        'Tus-Resumable',
        'Tus-Version',
        'Tus-Extension',
        'Tus-Max-Size',
        'Upload-Offset',
        'Upload-Length',
        'Upload-Expires',
      ],
      maxAge: 600,
    })
  },
  { name: 'security', dependencies: ['config', 'errors'] },
)

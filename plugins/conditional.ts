import fp from 'fastify-plugin'
import { problem } from '../src/contracts/errors.ts'
import { matchesETag, recordETag } from '../src/lib/etag.ts'

const isRecord = (value: unknown): value is { id: string; version: number } =>
  typeof value === 'object' &&
  value !== null &&
  typeof (value as { id?: unknown }).id === 'string' &&
  Number.isInteger((value as { version?: unknown }).version)

/**
 * Conditional requests (RFC 9110, 13): records get an ETag from their version, a GET whose If-None-Match fits gets 304, and a route that declares
 * `ifMatch: 'required'` gets 428 without If-Match. Whether the version fits is the service's to compare, within its transaction.
 */
export default fp(
  async (app) => {
    app.addHook('preHandler', (request, _reply, done) => {
      const needed = request.routeOptions.config.ifMatch === 'required' && request.headers['if-match'] === undefined
      done(
        needed
          ? problem('PRECONDITION_REQUIRED', { detail: 'Send If-Match with the ETag of the record as you read it' })
          : undefined,
      )
    })
    app.addHook('preSerialization', (_request, reply, payload, done) => {
      if (isRecord(payload) && !reply.hasHeader('etag')) reply.header('etag', recordETag(payload))
      done(null, payload)
    })
    app.addHook('onSend', (request, reply, payload, done) => {
      const wanted = request.headers['if-none-match']
      if (wanted === undefined || reply.statusCode !== 200 || (request.method !== 'GET' && request.method !== 'HEAD'))
        return done(null, payload)
      const etag = reply.getHeader('etag')
      if (typeof etag !== 'string' || !matchesETag(wanted, etag, true)) return done(null, payload)
      reply.code(304).removeHeader('content-length').removeHeader('content-type')
      if (typeof (payload as { destroy?: () => void } | null)?.destroy === 'function')
        (payload as unknown as { destroy: () => void }).destroy()
      done(null, null)
    })
  },
  { name: 'conditional', dependencies: ['errors'] },
)

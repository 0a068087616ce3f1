import { createHash } from 'node:crypto'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { problem } from '../src/contracts/errors.ts'
import {
  type Claim,
  createIdempotencyStore,
  type IdempotencyStore,
  type KeyedRequest,
  keyedRequest,
} from '../src/idempotency/store.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Set while a request with an Idempotency-Key is handled for the first time. */
    keyed: KeyedRequest | null
    /**
     * For routes with `body: 'streamed'`: runs the work unless the Idempotency-Key says that it was done already; then the first answer is
     * sent and the result is undefined. `digest` identifies what the body was.
     */
    once<T>(reply: FastifyReply, digest: string, work: () => Promise<T>): Promise<T | undefined>
  }
}

const KEY = /^[\x21-\x7e]{1,255}$/
/** Headers of the first answer that its replay repeats. */
const REPEATED = ['content-type', 'location', 'etag'] as const
const SWEEP_MS = 10 * 60_000

function keyOf({ headers }: FastifyRequest): string | undefined {
  const header = headers['idempotency-key']
  if (header === undefined || (typeof header === 'string' && KEY.test(header))) return header
  throw problem('BAD_REQUEST', { detail: 'Idempotency-Key must be 1 to 255 visible ASCII characters, e.g. a UUID' })
}

function keyedRequestOf(request: FastifyRequest, key: string, body: string): KeyedRequest {
  const fingerprint = createHash('sha256').update(`${request.method} ${request.url}\n${body}`).digest('hex')
  const scope = request.identity === null ? `address:${request.ip}` : `user:${request.identity.actor.userId}`
  return { scope, key, fingerprint }
}

/** The success status that the route documents. */
const successOf = (request: FastifyRequest) =>
  Number(
    Object.keys((request.routeOptions.schema?.response as object | undefined) ?? {}).find((status) =>
      status.startsWith('2'),
    ) ?? 200,
  )

function settle(claim: Claim, request: FastifyRequest, reply: FastifyReply) {
  if (claim.kind === 'mismatch')
    throw problem('IDEMPOTENCY_MISMATCH', { detail: 'This Idempotency-Key was used for another request' })
  if (claim.kind === 'running') throw problem('IDEMPOTENCY_IN_PROGRESS', { retryAfter: 1 })
  reply.header('idempotency-replayed', 'true')
  if (claim.kind === 'outcome') return reply.code(successOf(request)).send(claim.outcome)
  if (claim.kind === 'answered') {
    const { status, headers, body } = claim.answer
    return reply
      .code(status)
      .headers(headers)
      .serializer((text: unknown) => text as string)
      .send(body)
  }
  return undefined
}

/** Stores the answer under the key; faults of ours and streams free the key again. */
async function remember(store: IdempotencyStore, keyed: KeyedRequest, reply: FastifyReply, payload: unknown) {
  if (reply.statusCode >= 500 || (payload !== null && payload !== undefined && typeof payload !== 'string')) {
    return store.release(keyed)
  }
  const headers = Object.fromEntries(
    REPEATED.flatMap((name) => (reply.hasHeader(name) ? [[name, String(reply.getHeader(name))]] : [])),
  )
  return store.finish(keyed, { status: reply.statusCode, headers, body: payload ?? '' })
}

/** `Idempotency-Key` on every POST: the same request again gets the first answer again. Costs nothing without the header. */
export default fp(
  async (app) => {
    const store = createIdempotencyStore(app.db, app.sealer)
    app.db.onCommitting(store.record, () => keyedRequest.getStore() !== undefined)
    app.decorateRequest('keyed', null)

    app.decorateRequest('once', async function (this: FastifyRequest, reply, digest, work) {
      const key = keyOf(this)
      if (key === undefined) return work()
      const keyed = keyedRequestOf(this, key, digest)
      const claim = await store.claim(keyed)
      if (claim.kind !== 'fresh') return void settle(claim, this, reply)
      this.keyed = keyed
      return keyedRequest.run(keyed, work)
    })

    app.addHook('preHandler', (request, reply, done) => {
      if (request.headers['idempotency-key'] === undefined || request.method !== 'POST') return done()
      const begin = async () => {
        const key = keyOf(request)
        if (key === undefined || request.routeOptions.config.body === 'streamed') return done()
        const keyed = keyedRequestOf(request, key, JSON.stringify(request.body ?? null))
        const claim = await store.claim(keyed)
        if (claim.kind !== 'fresh') return settle(claim, request, reply)
        request.keyed = keyed
        keyedRequest.run(keyed, done)
        return undefined
      }
      begin().catch(done)
    })

    app.addHook('onSend', (request, reply, payload, done) => {
      const { keyed } = request
      if (keyed === null) return done(null, payload)
      request.keyed = null
      remember(store, keyed, reply, payload).then(() => done(null, payload), done)
    })

    const timer = setInterval(
      () => store.sweep().catch((err) => app.log.warn({ err }, 'sweeping idempotency keys')),
      SWEEP_MS,
    ).unref()
    app.addHook('onClose', async () => clearInterval(timer))
  },
  { name: 'idempotency', dependencies: ['db', 'sessions', 'auth'] },
)

import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { remember, settle } from '../src/idempotency/answers.ts'
import { checkKey, describeRequest } from '../src/idempotency/keys.ts'
import { createIdempotencyStore, type KeyedRequest, keyedRequest } from '../src/idempotency/store.ts'

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

const SWEEP_MS = 10 * 60_000

const keyOf = (request: FastifyRequest) => checkKey(request.headers['idempotency-key'])

const keyedRequestOf = ({ method, url, ip, identity }: FastifyRequest, key: string, body: string) =>
  describeRequest({ method, url, userId: identity?.actor.userId, address: ip }, key, body)

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
  { name: 'idempotency', dependencies: ['db', 'sealer', 'sessions', 'auth'] },
)

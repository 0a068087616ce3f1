import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { problem } from '../src/contracts/errors.ts'

/** How long the body of an ordinary request may take to arrive. */
const BODY_MS = 120_000
/** How long a streamed body may take in all, and how long it may be silent. */
const STREAM_MS = 6 * 3600_000
const SILENCE_MS = 60_000
/** How long a peer that was refused may go on sending before it is cut off: it may not read its answer before. */
const LINGER_MS = 5_000

function cutOff(request: FastifyRequest, reply: FastifyReply) {
  if (reply.sent) return void request.raw.destroy()
  reply.raw.once('finish', () => request.raw.destroy())
  void reply.header('connection', 'close').send(problem('REQUEST_TIMEOUT'))
}

/**
 * Time limits for bodies, in place of Node's one limit for whole requests: an upload may take its time as long as it goes on, everything
 * else must arrive within two minutes. Bodies that nobody wants any more are read off for some seconds, then the connection is closed.
 */
export default fp(
  async (app) => {
    const watched = new WeakMap<FastifyRequest, NodeJS.Timeout>()
    const release = (request: FastifyRequest) => clearTimeout(watched.get(request))

    app.addHook('onRequest', (request, reply, done) => {
      const { raw } = request
      if (raw.headers['transfer-encoding'] === undefined && !Number(raw.headers['content-length'])) return done()
      const streamed = request.routeOptions.config.body === 'streamed'
      // Injected requests of tests have no socket that could be silent.
      const hasSocket = 'setTimeout' in raw
      if (streamed && hasSocket) raw.setTimeout(SILENCE_MS, () => cutOff(request, reply))
      watched.set(request, setTimeout(cutOff, streamed ? STREAM_MS : BODY_MS, request, reply).unref())
      raw.once('close', () => release(request))
      if (streamed && hasSocket) raw.once('end', () => raw.setTimeout(0))
      done()
    })

    app.addHook('onResponse', (request, _reply, done) => {
      const { raw } = request
      release(request)
      if (raw.readableEnded || raw.destroyed || !watched.has(request)) return done()
      raw.unpipe()
      raw.resume()
      const end = setTimeout(() => raw.destroy(), LINGER_MS).unref()
      raw.once('end', () => clearTimeout(end))
      done()
    })
  },
  { name: 'bodies', dependencies: ['errors'] },
)

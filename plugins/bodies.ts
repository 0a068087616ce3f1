import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { problem } from '../src/contracts/errors.ts'

/** Times in milliseconds; other than usual only in tests. */
export interface BodyTimes {
  /** How long the body of an ordinary request may take to arrive. @defaultValue 2 minutes */
  bodyMs?: number
  /** How long a streamed body may take in all. @defaultValue 6 hours */
  streamMs?: number
  /** How long a streamed body may be silent. @defaultValue 1 minute */
  silenceMs?: number
  /** How long a peer that was answered early may go on sending before it is cut off: it may not read its answer before. @defaultValue 5 seconds */
  lingerMs?: number
}

function cutOff(request: FastifyRequest, reply: FastifyReply) {
  if (reply.sent) return void request.raw.destroy()
  reply.raw.once('finish', () => request.raw.destroy())
  void reply.header('connection', 'close').send(problem('REQUEST_TIMEOUT'))
}

/**
 * Time limits for bodies, in place of Node's one limit for whole requests: an upload may take its time as long as it goes on, everything
 * else must arrive within two minutes. Bodies that nobody wants any more are read off for some seconds, then the connection is closed.
 */
export default fp<BodyTimes>(
  async (app, { bodyMs = 120_000, streamMs = 6 * 3600_000, silenceMs = 60_000, lingerMs = 5_000 }) => {
    const watched = new WeakMap<FastifyRequest, NodeJS.Timeout>()
    const release = (request: FastifyRequest) => clearTimeout(watched.get(request))

    app.addHook('onRequest', (request, reply, done) => {
      const { raw } = request
      if (raw.headers['transfer-encoding'] === undefined && !Number(raw.headers['content-length'])) return done()
      const streamed = request.routeOptions.config.body === 'streamed'
      // Injected requests of tests have no socket that could be silent.
      const hasSocket = 'setTimeout' in raw
      if (streamed && hasSocket) raw.setTimeout(silenceMs, () => cutOff(request, reply))
      watched.set(request, setTimeout(cutOff, streamed ? streamMs : bodyMs, request, reply).unref())
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
      const end = setTimeout(() => raw.destroy(), lingerMs).unref()
      raw.once('end', () => clearTimeout(end))
      done()
    })
  },
  { name: 'bodies', dependencies: ['errors'] },
)

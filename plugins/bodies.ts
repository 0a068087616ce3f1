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
  /** How long a server that closes waits for bodies that are still arriving. @defaultValue 3 seconds */
  closingMs?: number
}

function cutOff(request: FastifyRequest, reply: FastifyReply, answer = problem('REQUEST_TIMEOUT')) {
  if (reply.sent) return void request.raw.destroy()
  reply.raw.once('finish', () => request.raw.destroy())
  void reply.header('connection', 'close').send(answer)
}

/**
 * Time limits for bodies, in place of Node's one limit for whole requests: an upload may take its time as long as it goes on, everything
 * else must arrive within two minutes. Bodies that nobody wants any more are read off for some seconds, then the connection is closed. A server
 * that closes does not wait for a body without end.
 */
export default fp<BodyTimes>(
  async (
    app,
    { bodyMs = 120_000, streamMs = 6 * 3600_000, silenceMs = 60_000, lingerMs = 5_000, closingMs = 3_000 },
  ) => {
    const watched = new Map<FastifyRequest, { timer: NodeJS.Timeout; reply: FastifyReply }>()

    app.addHook('onRequest', (request, reply, done) => {
      const { raw } = request
      if (raw.headers['transfer-encoding'] === undefined && !Number(raw.headers['content-length'])) return done()
      const streamed = request.routeOptions.config.body === 'streamed'
      // Injected requests of tests have no socket that could be silent.
      const hasSocket = 'setTimeout' in raw
      if (streamed && hasSocket) raw.setTimeout(silenceMs, () => cutOff(request, reply))
      const timer = setTimeout(cutOff, streamed ? streamMs : bodyMs, request, reply).unref()
      watched.set(request, { timer, reply })
      raw.once('close', () => {
        clearTimeout(timer)
        watched.delete(request)
      })
      if (streamed && hasSocket) raw.once('end', () => raw.setTimeout(0))
      done()
    })

    app.addHook('onResponse', (request, _reply, done) => {
      const { raw } = request
      if (raw.readableEnded || raw.destroyed || !watched.has(request)) return done()
      clearTimeout(watched.get(request)?.timer)
      raw.unpipe()
      raw.resume()
      const end = setTimeout(() => raw.destroy(), lingerMs).unref()
      raw.once('end', () => clearTimeout(end))
      done()
    })

    app.addHook('preClose', async () => {
      const answer = problem('NOT_READY', { detail: 'The server is closing', retryAfter: 5 })
      const cutAll = () => {
        for (const [request, { reply }] of watched) if (!request.raw.readableEnded) cutOff(request, reply, answer)
      }
      setTimeout(cutAll, closingMs).unref()
    })
  },
  { name: 'bodies', dependencies: ['errors'] },
)

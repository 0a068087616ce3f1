import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { problem } from '../src/contracts/errors.ts'
import { BEARER_PREFIX } from '../src/contracts/frames.ts'

/** What comes with the request that opens a socket. */
export interface Upgrade {
  /** Of the subprotocol list or of a cookie; never of the URL. */
  token: string | undefined
  address: string
}

declare module 'fastify' {
  interface FastifyInstance {
    /** What all routes of sockets have in common, whatever is spoken on them. */
    upgrades: {
      /** Refuses pages of other origins, before the upgrade. @throws ORIGIN_NOT_ALLOWED */
      demandOrigin(request: FastifyRequest): void
      /** Reads what the request brought, and lets go of it: it would else be kept for as long as the socket is open. */
      take(request: FastifyRequest): Upgrade
    }
  }
}

/** The token among the offered subprotocols, for browsers, which cannot set headers. */
function bearerOf(headers: IncomingHttpHeaders): string | undefined {
  const offered = headers['sec-websocket-protocol']?.split(',').map((name) => name.trim())
  return offered?.find((name) => name.startsWith(BEARER_PREFIX))?.slice(BEARER_PREFIX.length)
}

/** The server's answer object, which the socket would otherwise keep alive. */
function letGo({ raw }: FastifyRequest): void {
  const { socket } = raw as { socket?: { _httpMessage?: { detachSocket(socket: unknown): void } | null } }
  socket?._httpMessage?.detachSocket(socket)
}

const uncork = (socket: Socket) => socket.uncork()

/**
 * Opens sockets of `/ws` without the way through the routes, whose hooks prepare an answer that is never sent: half the work of a connection.
 * Only where they would have nothing to say: an allowed origin, no cookie to sign in with, and an address that is the peer's own.
 * All else, refusals first, goes on to the route.
 */
function takeShortcut(app: FastifyInstance): void {
  const { server, hub, config } = app
  const [byRoute] = server.listeners('upgrade') as ((...upgrade: [IncomingMessage, Socket, Buffer]) => void)[]
  if (byRoute === undefined) throw new Error('no plugin listens to upgrades')
  const isPlain = ({ url, method, headers }: IncomingMessage) =>
    url === '/ws' &&
    method === 'GET' &&
    headers.cookie === undefined &&
    (config.TRUST_PROXY === 'false' || headers['x-forwarded-for'] === undefined) &&
    app.allowsOrigin(headers.origin, headers.host)
  server.removeListener('upgrade', byRoute)
  server.on('upgrade', (request: IncomingMessage, socket: Socket, head: Buffer) => {
    if (!isPlain(request)) byRoute.call(server, request, socket, head)
    else {
      const upgrade = { token: bearerOf(request.headers), address: socket.remoteAddress ?? '' }
      // The answer and the first frames leave in one packet.
      socket.cork()
      app.websocketServer.handleUpgrade(request, socket, head, (opened) => hub.accept(opened, upgrade))
      setImmediate(uncork, socket)
    }
  })
}

/** The way from a request to a socket, as `app.upgrades`. Routes of sockets are constrained by `upgrade: 'websocket'` where the same path has others. */
export default fp(
  async (app) => {
    /** The access cookie, of a page only: a browser always names the page's origin, and it was found allowed. */
    const cookieOf = (request: FastifyRequest) =>
      request.headers.origin === undefined ? undefined : app.cookieSignIn.accessOf(request)

    app.decorate('upgrades', {
      demandOrigin({ headers }) {
        // The socket of a refused upgrade is closed: no client may reuse it.
        const close = { connection: 'close' }
        if (!app.allowsOrigin(headers.origin, headers.host)) throw problem('ORIGIN_NOT_ALLOWED', { headers: close })
      },
      take(request) {
        letGo(request)
        return { token: bearerOf(request.headers) ?? cookieOf(request), address: request.ip }
      },
    })
    takeShortcut(app)
    app.addConstraintStrategy({
      name: 'upgrade',
      storage() {
        const handlers = new Map<unknown, unknown>()
        return {
          get: (key) => (handlers.get(key) ?? null) as never,
          set: (key, handler) => void handlers.set(key, handler),
        }
      },
      deriveConstraint: ({ headers }) => headers.upgrade?.toLowerCase(),
      validate() {},
    })
  },
  { name: 'upgrades', dependencies: ['security', 'cookie-sign-in', 'websockets'] },
)

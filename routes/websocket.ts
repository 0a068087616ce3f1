import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { problem } from '../src/contracts/errors.ts'
import { BEARER_PREFIX } from '../src/contracts/frames.ts'

/** The token among the offered subprotocols, for browsers, which cannot set headers; never from the URL. */
function bearerOf({ headers }: FastifyRequest): string | undefined {
  const offered = headers['sec-websocket-protocol']?.split(',').map((name) => name.trim())
  return offered?.find((name) => name.startsWith(BEARER_PREFIX))?.slice(BEARER_PREFIX.length)
}

/** The server's answer object, which the socket would otherwise keep alive for as long as it is open. */
function letGo({ raw }: FastifyRequest): void {
  const { socket } = raw as { socket?: { _httpMessage?: { detachSocket(socket: unknown): void } | null } }
  socket?._httpMessage?.detachSocket(socket)
}

/** `/ws`: see the WebSocket guide. The connection authenticates itself by its first frame or by subprotocol. */
const websocketRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.route({
    method: 'GET',
    url: '/ws',
    config: { auth: 'public' },
    schema: { hide: true },
    onRequest: async ({ headers }) => {
      // The socket of a refused upgrade is closed: no client may reuse it.
      const close = { connection: 'close' }
      if (!app.allowsOrigin(headers.origin, headers.host)) throw problem('ORIGIN_NOT_ALLOWED', { headers: close })
    },
    handler: () => {
      throw problem('BAD_REQUEST', { detail: 'Open a WebSocket here, with the subprotocol parley.v1' })
    },
    wsHandler: (socket, request) => {
      socket.removeAllListeners('error')
      letGo(request)
      app.hub.accept(socket, { token: bearerOf(request), address: request.ip })
    },
  })
}

export default websocketRoutes

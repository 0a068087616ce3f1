import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { problem } from '../src/contracts/errors.ts'
import { McpMessage } from '../src/mcp/model.ts'

const LOOPBACK = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/i

/**
 * Pages may come from allowed origins, and from this machine. Unlike elsewhere, the name in Host does not make a page one of ours: anybody can let a name of
 * their own lead to a server on a desk (DNS rebinding), and the specification has servers refuse that.
 */
function demandOrigin(app: FastifyInstance, { headers: { origin, host = '' } }: FastifyRequest) {
  if (!app.allowsOrigin(origin, LOOPBACK.test(host) ? host : undefined)) throw problem('ORIGIN_NOT_ALLOWED')
}

/**
 * `/mcp`: the Model Context Protocol over streamable HTTP (modelcontextprotocol.io, 2025-06-18 and later), without sessions and without streams:
 * one message a POST, answered as JSON. GET and DELETE, which belong to streams and sessions, are 405.
 */
const mcpRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.post(
    '/mcp',
    {
      // Each tool declares its own needs and scope (src/*/tools.ts): contracts/tools.ts.
      config: { auth: 'user', limit: 'read', scope: 'tools', needs: 'own' },
      schema: { hide: true, body: McpMessage },
      onRequest: async (request) => demandOrigin(app, request),
    },
    async (request, reply) => {
      if (!/application\/(?:json|\*)|\*\/\*/.test(request.headers.accept ?? '*/*'))
        throw problem('NOT_ACCEPTABLE', { detail: 'Accept application/json' })
      const answer = await app.mcp(request, reply, request.body)
      reply.header('cache-control', 'private, no-store')
      return answer === undefined ? reply.code(202).send() : reply.send(answer)
    },
  )
}

export default mcpRoutes

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problem } from '../src/contracts/errors.ts'
import { McpMessage } from '../src/mcp/model.ts'

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
      onRequest: async (request) => app.upgrades.demandOrigin(request),
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

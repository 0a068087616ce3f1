import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems, Ref } from '../src/contracts/http.ts'
import { Usage, UsageQuery } from '../src/usage/model.ts'

/** What the caller may use, and how much of it is used. */
const usageRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/api/usage',
    {
      config: { auth: 'user', limit: 'read', scope: 'account:read', needs: 'uploads:read' },
      schema: {
        tags: ['users'],
        operationId: 'getUsage',
        summary: 'Limits of your tier, and what is used of them',
        querystring: UsageQuery,
        response: { 200: Ref(Usage), ...problems(401, 403, 404) },
      },
    },
    (request) => app.usage(request.actor, request.query),
  )
}

export default usageRoutes

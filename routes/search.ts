import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { problems, Ref } from '../src/contracts/http.ts'
import { SearchQuery, SearchResult } from '../src/search/model.ts'

/** Search. */
const searchRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/api/search',
    {
      config: { auth: 'user', limit: 'read', scope: 'conversations:read', needs: 'graph:read' },
      schema: {
        tags: ['search'],
        operationId: 'search',
        summary: 'Search messages, documents and symbols',
        querystring: SearchQuery,
        response: { 200: Ref(SearchResult), ...problems(401, 403, 404) },
      },
    },
    (request) => app.finder.search(request.actor, request.query),
  )
}

export default searchRoutes

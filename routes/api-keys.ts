import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { ApiKeyPage, CreateApiKeyBody, CreatedApiKey } from '../src/accounts/model.ts'
import { IdParams, ListQuery, NoContent, problems, Ref } from '../src/contracts/http.ts'

const tags = ['auth']

/** API keys: made by people who have signed in, never by another key. */
const apiKeyRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.post(
    '/api/auth/api-keys',
    {
      config: { auth: 'user', needs: 'own', limit: 'write' },
      schema: {
        tags,
        operationId: 'createApiKey',
        summary: 'Make an API key; it is shown this once',
        body: CreateApiKeyBody,
        response: { 201: Ref(CreatedApiKey), ...problems(401, 403) },
      },
    },
    async (request, reply) =>
      reply.code(201).send(await app.apiKeys.create(request.actor, request.body, request.origin)),
  )

  app.get(
    '/api/auth/api-keys',
    {
      config: { auth: 'user', needs: 'own', limit: 'read' },
      schema: {
        tags,
        operationId: 'listApiKeys',
        summary: 'Your API keys',
        querystring: ListQuery,
        response: { 200: ApiKeyPage, ...problems(401, 403) },
      },
    },
    (request) => app.apiKeys.list(request.actor, request.query),
  )

  app.delete(
    '/api/auth/api-keys/:id',
    {
      config: { auth: 'user', needs: 'own', limit: 'write' },
      schema: {
        tags,
        operationId: 'revokeApiKey',
        summary: 'Revoke an API key',
        params: IdParams,
        response: { 204: NoContent, ...problems(401, 403, 404) },
      },
    },
    async (request, reply) => {
      await app.apiKeys.revoke(request.actor, request.params.id, request.origin)
      return reply.code(204).send(null)
    },
  )
}

export default apiKeyRoutes

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { problem } from '../src/contracts/errors.ts'
import { GraphqlBody, GraphqlQuery } from '../src/graph/model-graphql.ts'

const config = { auth: 'user', limit: 'read', scope: 'graph:read', needs: 'graph:read' } as const
const MODERN = 'application/graphql-response+json'

/** The media type to answer in (GraphQL over HTTP, section 6.1): the modern one tells a refused document by its status, the older one does not. */
function mediaType({ headers }: FastifyRequest): string {
  const accept = headers.accept ?? ''
  if (accept.includes(MODERN)) return MODERN
  if (accept === '' || /application\/(?:json|\*)|\*\/\*/.test(accept)) return 'application/json'
  throw problem('NOT_ACCEPTABLE', { detail: `Accept ${MODERN} or application/json` })
}

function variablesOf(text: string | undefined): Record<string, unknown> | undefined {
  if (text === undefined || text === '') return undefined
  try {
    const value: unknown = JSON.parse(text)
    if (value === null) return undefined
    if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>
  } catch {
    // Said below, together with what is JSON but no object.
  }
  throw problem('BAD_REQUEST', { detail: 'variables must be a JSON object' })
}

/** `/graphql` as "GraphQL over HTTP" (graphql.github.io/graphql-over-http) describes it; batches are refused. Subscriptions go over WebSocket. */
const graphqlRoutes: FastifyPluginAsyncTypebox = async (app) => {
  const answer = (
    reply: FastifyReply,
    type: string,
    { result, refused }: Awaited<ReturnType<typeof app.graphql.execute>>,
  ) =>
    reply
      .code(refused && type === MODERN ? 400 : 200)
      .header('cache-control', 'private, no-store')
      .type(`${type}; charset=utf-8`)
      .send(JSON.stringify(result))

  app.post('/graphql', { config, schema: { hide: true, body: GraphqlBody } }, async (request, reply) => {
    const type = mediaType(request)
    return answer(reply, type, await app.graphql.execute(request.actor, request.body, false))
  })

  app.get('/graphql', { config, schema: { hide: true, querystring: GraphqlQuery } }, async (request, reply) => {
    const type = mediaType(request)
    const { query, operationName } = request.query
    const variables = variablesOf(request.query.variables)
    return answer(reply, type, await app.graphql.execute(request.actor, { query, operationName, variables }, true))
  })

  app.route({
    method: 'GET',
    url: '/graphql',
    constraints: { upgrade: 'websocket' },
    // The connection authenticates itself, by connection_init.
    config: { auth: 'public' },
    schema: { hide: true },
    onRequest: async (request) => app.upgrades.demandOrigin(request),
    handler: () => {
      throw problem('BAD_REQUEST', { detail: 'Open a WebSocket here, with the subprotocol graphql-transport-ws' })
    },
    wsHandler: (socket, request) => app.graphql.open(socket, app.upgrades.take(request)),
  })
}

export default graphqlRoutes

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import { problem } from '../src/contracts/errors.ts'
import { TOPIC_DECLARATIONS } from '../src/contracts/frames.ts'
import { problems } from '../src/contracts/http.ts'
import { SSE_HEADERS } from '../src/lib/sse.ts'

/** Topics of one stream at most: their positions travel in every event id. */
const MAX_TOPICS = 20
const TOPIC_SCOPES = Object.entries(TOPIC_DECLARATIONS)
  .map(([kind, { scope }]) => `\`${scope}\` for \`${kind}:<id>\``)
  .join(', ')

/** `/ws`, and its twin `/api/events` as server-sent events: see the guide on real time. The connection authenticates itself by its first frame, by subprotocol, or by cookie. */
const websocketRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.route({
    method: 'GET',
    url: '/ws',
    config: { auth: 'public' },
    schema: { hide: true },
    onRequest: async (request) => app.upgrades.demandOrigin(request),
    handler: () => {
      throw problem('BAD_REQUEST', { detail: 'Open a WebSocket here, with the subprotocol parley.v1' })
    },
    wsHandler: (socket, request) => {
      socket.removeAllListeners('error')
      app.hub.accept(socket, app.upgrades.take(request))
    },
  })

  app.get(
    '/api/events',
    {
      config: { auth: 'user', limit: 'read', scope: 'topics', needs: 'own' },
      schema: {
        tags: ['events'],
        operationId: 'streamEvents',
        summary: 'Follow topics as a stream of server-sent events',
        description: `The frames of the WebSocket protocol, one an event, named by their type. \`id\` holds the position in every topic: come back with it as Last-Event-ID, and nothing is missed. API keys need the scope of each topic that is asked for: ${TOPIC_SCOPES}.`,
        querystring: Type.Object(
          {
            topics: Type.String({
              minLength: 1,
              maxLength: MAX_TOPICS * 60,
              description: `Topics, separated by commas; at most ${MAX_TOPICS}`,
              examples: ['conversation:01920b5e-7d3c-7cc0-8f6e-2f1f0d9a4b11'],
            }),
          },
          { additionalProperties: false },
        ),
        headers: Type.Object({
          'last-event-id': Type.Optional(
            Type.String({ maxLength: 2000, description: 'The last `id` that was seen of the same topics' }),
          ),
        }),
        response: {
          200: {
            description: 'The stream: `system`, `subscribed` and `event` frames and their like, and `close` at its end',
            content: { 'text/event-stream': { schema: Type.String() } },
          },
          ...problems(401, 403, 404),
        },
      },
    },
    async (request, reply) => {
      const topics = [...new Set(request.query.topics.split(','))].slice(0, MAX_TOPICS + 1)
      const pending = () => reply.raw.writableLength
      const identity = request.identity as NonNullable<typeof request.identity>
      const last = request.headers['last-event-id']
      const stream = await app.eventStream({ identity, topics, last, pending, address: request.ip })
      return reply.headers(SSE_HEADERS).send(stream as never)
    },
  )
}

export default websocketRoutes

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { IdParams, ListQuery, problems, Ref } from '../src/contracts/http.ts'
import { MessagePage, ReactBody, ReactionPage, ReactionParams, Reactions, ThreadQuery } from '../src/messages/model.ts'

const tags = ['conversations']
const read = { auth: 'user', limit: 'read', scope: 'conversations:read', needs: 'conversations:read' } as const
const write = { auth: 'user', limit: 'write', scope: 'conversations:write', needs: 'conversations:write' } as const

/** What others add to a message: reactions, and the thread below it. */
const reactionRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/api/messages/:id/reactions',
    {
      config: read,
      schema: {
        tags,
        operationId: 'listReactions',
        summary: 'Who has reacted to a message with what',
        params: IdParams,
        querystring: ListQuery,
        response: { 200: ReactionPage, ...problems(401, 404) },
      },
    },
    (request) => app.messages.reactions(request.actor, request.params.id, request.query),
  )

  app.post(
    '/api/messages/:id/reactions',
    {
      config: write,
      schema: {
        tags,
        operationId: 'addReaction',
        summary: 'React to a message; the same emoji again changes nothing and answers 200',
        params: IdParams,
        body: ReactBody,
        response: { 201: Ref(Reactions), 200: Ref(Reactions), ...problems(401, 403, 404, 409, 422) },
      },
    },
    async (request, reply) => {
      const { changed, ...answer } = await app.messages.react(request.actor, request.params.id, request.body.emoji)
      return reply.code(changed ? 201 : 200).send(answer)
    },
  )

  app.delete(
    '/api/messages/:id/reactions/:emoji',
    {
      config: write,
      schema: {
        tags,
        operationId: 'removeReaction',
        summary: 'Take a reaction back; one that is not there changes nothing',
        params: ReactionParams,
        response: { 200: Ref(Reactions), ...problems(401, 403, 404, 409, 422) },
      },
    },
    async (request) => {
      const { id, emoji } = request.params
      const { changed: _, ...answer } = await app.messages.react(request.actor, id, emoji, false)
      return answer
    },
  )

  app.get(
    '/api/messages/:id/replies',
    {
      config: read,
      schema: {
        tags,
        operationId: 'listReplies',
        summary: 'The thread of a message, without the message that it began with; oldest first',
        params: IdParams,
        querystring: ThreadQuery,
        response: { 200: MessagePage, ...problems(401, 404) },
      },
    },
    (request) => app.messages.replies(request.actor, request.params.id, request.query),
  )
}

export default reactionRoutes

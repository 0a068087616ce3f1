import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { IdParams, ListQuery, NoContent, problems, Ref } from '../src/contracts/http.ts'
import {
  AddConversationMemberBody,
  ConversationMember,
  ConversationMemberPage,
  ConversationMemberParams,
} from '../src/conversations/model.ts'

const tags = ['conversations']
const read = { auth: 'user', limit: 'read', scope: 'conversations:read' } as const
const write = { auth: 'user', limit: 'write', scope: 'conversations:write' } as const

/** Who takes part in a conversation. */
const conversationMemberRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/api/conversations/:id/members',
    {
      config: read,
      schema: {
        tags,
        operationId: 'listConversationMembers',
        summary: 'Members of a conversation',
        params: IdParams,
        querystring: ListQuery,
        response: { 200: ConversationMemberPage, ...problems(401, 404) },
      },
    },
    (request) => app.conversations.members(request.actor, request.params.id, request.query),
  )

  app.post(
    '/api/conversations/:id/members',
    {
      config: write,
      schema: {
        tags,
        operationId: 'addConversationMember',
        summary: 'Add a registered user by id or email; one from outside the workspace becomes a guest',
        params: IdParams,
        body: AddConversationMemberBody,
        response: { 201: Ref(ConversationMember), ...problems(401, 403, 404, 409, 422) },
      },
    },
    async (request, reply) =>
      reply.code(201).send(await app.conversations.addMember(request.actor, request.params.id, request.body)),
  )

  app.delete(
    '/api/conversations/:id/members/:userId',
    {
      config: write,
      schema: {
        tags,
        operationId: 'removeConversationMember',
        summary: 'Remove a member, or leave',
        params: ConversationMemberParams,
        response: { 204: NoContent, ...problems(401, 403, 404, 409) },
      },
    },
    async (request, reply) => {
      await app.conversations.removeMember(request.actor, request.params.id, request.params.userId)
      return reply.code(204).send(null)
    },
  )
}

export default conversationMemberRoutes

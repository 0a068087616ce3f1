import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { IdParams, ListQuery, NoContent, problems, Ref } from '../src/contracts/http.ts'
import {
  AddConversationMemberBody,
  ConversationMember,
  ConversationMemberPage,
  ConversationMemberParams,
} from '../src/conversations/model.ts'
import { Invitation, InvitationPage, InvitationParams } from '../src/invitations/model.ts'

const tags = ['conversations']
const read = { auth: 'user', limit: 'read', scope: 'conversations:read' } as const
const write = { auth: 'user', limit: 'write', scope: 'conversations:write' } as const

/** Who takes part in a conversation. */
const conversationMemberRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/api/conversations/:id/members',
    {
      config: { ...read, needs: 'conversations:read' },
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
      config: { ...write, needs: 'conversations:moderate' },
      schema: {
        tags,
        operationId: 'addConversationMember',
        summary:
          'Add a user by id or email; from outside the workspace as a guest; an email that nobody has is invited',
        params: IdParams,
        body: AddConversationMemberBody,
        response: { 201: Ref(ConversationMember), 202: Ref(Invitation), ...problems(401, 403, 404, 409, 422) },
      },
    },
    async (request, reply) => {
      const { actor, params, body, origin } = request
      const made = await app.invitations.addToConversation(actor, params.id, body, origin)
      return 'invitation' in made ? reply.code(202).send(made.invitation) : reply.code(201).send(made.member)
    },
  )

  app.delete(
    '/api/conversations/:id/members/:userId',
    {
      config: { ...write, needs: 'conversations:moderate' },
      schema: {
        tags,
        operationId: 'removeConversationMember',
        summary: 'Remove a member, or leave',
        params: ConversationMemberParams,
        response: { 204: NoContent, ...problems(401, 403, 404, 409) },
      },
    },
    async (request, reply) => {
      await app.conversations.removeMember(request.actor, request.params.id, request.params.userId, request.origin)
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/api/conversations/:id/invitations',
    {
      config: { ...read, needs: 'conversations:moderate' },
      schema: {
        tags,
        operationId: 'listConversationInvitations',
        summary: 'Open invitations to a conversation',
        params: IdParams,
        querystring: ListQuery,
        response: { 200: InvitationPage, ...problems(401, 403, 404) },
      },
    },
    (request) => app.invitations.list(request.actor, { conversationId: request.params.id }, request.query),
  )

  app.delete(
    '/api/conversations/:id/invitations/:invitationId',
    {
      config: { ...write, needs: 'conversations:moderate' },
      schema: {
        tags,
        operationId: 'revokeConversationInvitation',
        summary: 'Take an invitation back',
        params: InvitationParams,
        response: { 204: NoContent, ...problems(401, 403, 404) },
      },
    },
    async (request, reply) => {
      const { actor, params, origin } = request
      await app.invitations.revoke(actor, { conversationId: params.id }, params.invitationId, origin)
      return reply.code(204).send(null)
    },
  )
}

export default conversationMemberRoutes

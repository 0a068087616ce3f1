import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { IdParams, ListQuery, NoContent, problems, Ref } from '../src/contracts/http.ts'
import { CreateInvitationBody, Invitation, InvitationPage, InvitationParams } from '../src/invitations/model.ts'
import {
  AddMemberBody,
  MemberParams,
  MemberRoleBody,
  WorkspaceMember,
  WorkspaceMemberPage,
} from '../src/workspaces/model.ts'

const tags = ['workspaces']
const read = { auth: 'user', limit: 'read', scope: 'workspaces:read' } as const
const write = { auth: 'user', limit: 'write', scope: 'workspaces:write' } as const

/** Members of workspaces, and who is invited to become one. */
const workspaceMemberRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/api/workspaces/:id/members',
    {
      config: { ...read, needs: 'members:read' },
      schema: {
        tags,
        operationId: 'listWorkspaceMembers',
        summary: 'Members of a workspace',
        params: IdParams,
        querystring: ListQuery,
        response: { 200: WorkspaceMemberPage, ...problems(401, 404) },
      },
    },
    (request) => app.workspaces.members(request.actor, request.params.id, request.query),
  )

  app.post(
    '/api/workspaces/:id/members',
    {
      config: { ...write, needs: 'members:manage' },
      schema: {
        tags,
        operationId: 'addWorkspaceMember',
        summary: 'Add a user by id or email; an email that nobody has is invited',
        params: IdParams,
        body: AddMemberBody,
        response: { 201: Ref(WorkspaceMember), 202: Ref(Invitation), ...problems(401, 403, 404, 409, 422) },
      },
    },
    async (request, reply) => {
      const { actor, params, body, origin } = request
      const made = await app.invitations.addToWorkspace(actor, params.id, body, origin)
      return 'invitation' in made ? reply.code(202).send(made.invitation) : reply.code(201).send(made.member)
    },
  )

  app.patch(
    '/api/workspaces/:id/members/:userId',
    {
      config: { ...write, needs: 'members:manage' },
      schema: {
        tags,
        operationId: 'updateWorkspaceMember',
        summary: 'Change the role of a member',
        params: MemberParams,
        body: MemberRoleBody,
        response: { 200: Ref(WorkspaceMember), ...problems(401, 403, 404, 409) },
      },
    },
    ({ actor, params, body, origin }) => app.workspaces.setRole(actor, params.id, params.userId, body.role, origin),
  )

  app.delete(
    '/api/workspaces/:id/members/:userId',
    {
      config: { ...write, needs: 'members:manage' },
      schema: {
        tags,
        operationId: 'removeWorkspaceMember',
        summary: 'Remove a member, or leave',
        params: MemberParams,
        response: { 204: NoContent, ...problems(401, 403, 404, 409) },
      },
    },
    async (request, reply) => {
      await app.workspaces.removeMember(request.actor, request.params.id, request.params.userId, request.origin)
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/api/workspaces/:id/leave',
    {
      config: { ...write, needs: 'workspace:read' },
      schema: {
        tags,
        operationId: 'leaveWorkspace',
        summary: 'Leave a workspace; its owner hands it over first',
        params: IdParams,
        response: { 204: NoContent, ...problems(401, 404, 409) },
      },
    },
    async (request, reply) => {
      const { actor, params, origin } = request
      await app.workspaces.removeMember(actor, params.id, actor.userId, origin)
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/api/workspaces/:id/invitations',
    {
      config: { ...write, needs: 'members:manage' },
      schema: {
        tags,
        operationId: 'inviteToWorkspace',
        summary: 'Invite somebody by email, registered or not; a new invitation replaces the one before',
        params: IdParams,
        body: CreateInvitationBody,
        response: { 201: Ref(Invitation), ...problems(401, 403, 404, 409) },
      },
    },
    async (request, reply) => {
      const { actor, params, body, origin } = request
      return reply.code(201).send(await app.invitations.invite(actor, { workspaceId: params.id }, body, origin))
    },
  )

  app.get(
    '/api/workspaces/:id/invitations',
    {
      config: { ...read, needs: 'members:manage' },
      schema: {
        tags,
        operationId: 'listWorkspaceInvitations',
        summary: 'Open invitations to a workspace',
        params: IdParams,
        querystring: ListQuery,
        response: { 200: InvitationPage, ...problems(401, 403, 404) },
      },
    },
    (request) => app.invitations.list(request.actor, { workspaceId: request.params.id }, request.query),
  )

  app.delete(
    '/api/workspaces/:id/invitations/:invitationId',
    {
      config: { ...write, needs: 'members:manage' },
      schema: {
        tags,
        operationId: 'revokeWorkspaceInvitation',
        summary: 'Take an invitation back',
        params: InvitationParams,
        response: { 204: NoContent, ...problems(401, 403, 404) },
      },
    },
    async (request, reply) => {
      const { actor, params, origin } = request
      await app.invitations.revoke(actor, { workspaceId: params.id }, params.invitationId, origin)
      return reply.code(204).send(null)
    },
  )
}

export default workspaceMemberRoutes

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { IdParams, ListQuery, NoContent, problems, Ref } from '../src/contracts/http.ts'
import {
  AddMemberBody,
  MemberParams,
  MemberRoleBody,
  Workspace,
  WorkspaceBody,
  WorkspaceMember,
  WorkspaceMemberPage,
  WorkspacePage,
} from '../src/workspaces/model.ts'

const tags = ['workspaces']
const read = { auth: 'user', limit: 'read', scope: 'workspaces:read' } as const
const write = { auth: 'user', limit: 'write', scope: 'workspaces:write' } as const

/** Workspaces and their members. */
const workspaceRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/api/workspaces',
    {
      config: read,
      schema: {
        tags,
        operationId: 'listWorkspaces',
        summary: 'Workspaces you belong to',
        querystring: ListQuery,
        response: { 200: WorkspacePage, ...problems(401) },
      },
    },
    (request) => app.workspaces.list(request.actor, request.query),
  )

  app.post(
    '/api/workspaces',
    {
      config: write,
      schema: {
        tags,
        operationId: 'createWorkspace',
        summary: 'Make a workspace',
        body: WorkspaceBody,
        response: { 201: Ref(Workspace), ...problems(401) },
      },
    },
    async (request, reply) => {
      const workspace = await app.workspaces.create(request.actor, request.body)
      return reply.code(201).header('location', `/api/workspaces/${workspace.id}`).send(workspace)
    },
  )

  app.get(
    '/api/workspaces/:id',
    {
      config: read,
      schema: {
        tags,
        operationId: 'getWorkspace',
        summary: 'One workspace',
        params: IdParams,
        response: { 200: Ref(Workspace), ...problems(401, 404) },
      },
    },
    (request) => app.workspaces.get(request.actor, request.params.id),
  )

  app.patch(
    '/api/workspaces/:id',
    {
      config: { ...write, ifMatch: 'required' },
      schema: {
        tags,
        operationId: 'updateWorkspace',
        summary: 'Rename a workspace',
        params: IdParams,
        body: WorkspaceBody,
        response: { 200: Ref(Workspace), ...problems(401, 403, 404, 412, 428) },
      },
    },
    (request) =>
      app.workspaces.update(request.actor, request.params.id, request.headers['if-match'] ?? '', request.body),
  )

  app.delete(
    '/api/workspaces/:id',
    {
      config: { ...write, ifMatch: 'required' },
      schema: {
        tags,
        operationId: 'deleteWorkspace',
        summary: 'Delete a workspace',
        params: IdParams,
        response: { 204: NoContent, ...problems(401, 403, 404, 409, 412, 428) },
      },
    },
    async (request, reply) => {
      await app.workspaces.remove(request.actor, request.params.id, request.headers['if-match'] ?? '')
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/api/workspaces/:id/members',
    {
      config: read,
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
      config: write,
      schema: {
        tags,
        operationId: 'addWorkspaceMember',
        summary: 'Add a registered user by id or email',
        params: IdParams,
        body: AddMemberBody,
        response: { 201: Ref(WorkspaceMember), ...problems(401, 403, 404, 409, 422) },
      },
    },
    async (request, reply) =>
      reply.code(201).send(await app.workspaces.addMember(request.actor, request.params.id, request.body)),
  )

  app.patch(
    '/api/workspaces/:id/members/:userId',
    {
      config: write,
      schema: {
        tags,
        operationId: 'updateWorkspaceMember',
        summary: 'Change the role of a member',
        params: MemberParams,
        body: MemberRoleBody,
        response: { 200: Ref(WorkspaceMember), ...problems(401, 403, 404, 409) },
      },
    },
    (request) => app.workspaces.setRole(request.actor, request.params.id, request.params.userId, request.body.role),
  )

  app.delete(
    '/api/workspaces/:id/members/:userId',
    {
      config: write,
      schema: {
        tags,
        operationId: 'removeWorkspaceMember',
        summary: 'Remove a member, or leave',
        params: MemberParams,
        response: { 204: NoContent, ...problems(401, 403, 404, 409) },
      },
    },
    async (request, reply) => {
      await app.workspaces.removeMember(request.actor, request.params.id, request.params.userId)
      return reply.code(204).send(null)
    },
  )
}

export default workspaceRoutes

import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { IdParams, ListQuery, NoContent, problems, Ref } from '../src/contracts/http.ts'
import { DeletedWorkspacePage, TransferBody, Workspace, WorkspaceBody, WorkspacePage } from '../src/workspaces/model.ts'

const tags = ['workspaces']
const read = { auth: 'user', limit: 'read', scope: 'workspaces:read' } as const
const write = { auth: 'user', limit: 'write', scope: 'workspaces:write' } as const

/** Workspaces themselves; their members are in workspace-members.ts. */
const workspaceRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/api/workspaces',
    {
      config: { ...read, needs: 'own' },
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
      config: { ...write, needs: 'own' },
      schema: {
        tags,
        operationId: 'createWorkspace',
        summary: 'Make a workspace',
        body: WorkspaceBody,
        response: { 201: Ref(Workspace), ...problems(401) },
      },
    },
    async (request, reply) => {
      const workspace = await app.workspaces.create(request.actor, request.body, request.origin)
      return reply.code(201).header('location', `/api/workspaces/${workspace.id}`).send(workspace)
    },
  )

  app.get(
    '/api/workspaces/:id',
    {
      config: { ...read, needs: 'workspace:read' },
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
      config: { ...write, ifMatch: 'required', needs: 'workspace:update' },
      schema: {
        tags,
        operationId: 'updateWorkspace',
        summary: 'Rename a workspace',
        params: IdParams,
        body: WorkspaceBody,
        response: { 200: Ref(Workspace), ...problems(401, 403, 404, 412, 428) },
      },
    },
    ({ actor, params, headers, body, origin }) =>
      app.workspaces.update(actor, params.id, headers['if-match'] ?? '', body, origin),
  )

  app.delete(
    '/api/workspaces/:id',
    {
      config: { ...write, ifMatch: 'required', needs: 'workspace:delete' },
      schema: {
        tags,
        operationId: 'deleteWorkspace',
        summary: 'Delete a workspace',
        params: IdParams,
        response: { 204: NoContent, ...problems(401, 403, 404, 409, 412, 428) },
      },
    },
    async (request, reply) => {
      const { actor, params, headers, origin } = request
      await app.workspaces.remove(actor, params.id, headers['if-match'] ?? '', origin)
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/api/workspaces/deleted',
    {
      config: { ...read, needs: 'own' },
      schema: {
        tags,
        operationId: 'listDeletedWorkspaces',
        summary: 'Deleted workspaces that you own and can still restore',
        querystring: ListQuery,
        response: { 200: DeletedWorkspacePage, ...problems(401) },
      },
    },
    (request) => app.workspaces.listDeleted(request.actor, request.query),
  )

  app.post(
    '/api/workspaces/:id/restore',
    {
      config: { ...write, needs: 'workspace:delete' },
      schema: {
        tags,
        operationId: 'restoreWorkspace',
        summary: 'Restore a deleted workspace, with everything that was in it',
        params: IdParams,
        response: { 200: Ref(Workspace), ...problems(401, 403, 404) },
      },
    },
    (request) => app.workspaces.restore(request.actor, request.params.id, request.origin),
  )

  app.post(
    '/api/workspaces/:id/transfer',
    {
      config: { ...write, needs: 'workspace:transfer' },
      schema: {
        tags,
        operationId: 'transferWorkspace',
        summary: 'Hand a workspace over to one of its members',
        params: IdParams,
        body: TransferBody,
        response: { 200: Ref(Workspace), ...problems(401, 403, 404, 409, 422) },
      },
    },
    (request) => app.workspaces.transfer(request.actor, request.params.id, request.body.userId, request.origin),
  )
}

export default workspaceRoutes

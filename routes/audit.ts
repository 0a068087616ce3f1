import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import { AuditExportQuery, AuditPage, AuditQuery, WorkspaceAuditQuery } from '../src/audit/model.ts'
import { IdParams, problems } from '../src/contracts/http.ts'

const tags = ['audit']
const TYPES = { jsonl: 'application/x-ndjson', csv: 'text/csv; charset=utf-8; header=present' }
const file = (type: string) => [type, { schema: Type.Unsafe<never>({ type: 'string' }) }] as const

/** The audit log. */
const auditRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/api/audit',
    {
      config: { auth: 'user', needs: 'own', limit: 'read' },
      schema: {
        tags,
        operationId: 'listAudit',
        summary: 'What was done: all of it for administrators, your own for others; newest first',
        querystring: AuditQuery,
        response: { 200: AuditPage, ...problems(401, 403) },
      },
    },
    (request) => app.auditLog.list(request.actor, request.query),
  )

  app.get(
    '/api/audit/export',
    {
      config: { auth: 'user', needs: 'own', limit: 'read' },
      schema: {
        tags,
        operationId: 'exportAudit',
        summary: 'The same lines, all of them, as JSON lines or CSV',
        querystring: AuditExportQuery,
        response: {
          200: {
            description: 'The lines, newest first',
            content: Object.fromEntries([file('application/x-ndjson'), file('text/csv')]),
          },
          ...problems(401, 403),
        },
      },
    },
    async (request, reply) => {
      const { actor, query, origin } = request
      const body = await app.auditLog.export(actor, query, origin)
      const name = `audit-${new Date().toISOString().slice(0, 10)}.${query.format}`
      reply.type(TYPES[query.format]).header('content-disposition', `attachment; filename="${name}"`)
      return reply.send(body as never)
    },
  )

  app.get(
    '/api/workspaces/:id/audit',
    {
      config: { auth: 'user', needs: 'audit:read', limit: 'read', scope: 'workspaces:read' },
      schema: {
        tags,
        operationId: 'listWorkspaceAudit',
        summary: 'What was done in a workspace, for its owner and admins; newest first',
        params: IdParams,
        querystring: WorkspaceAuditQuery,
        response: { 200: AuditPage, ...problems(401, 403, 404) },
      },
    },
    (request) => app.auditLog.ofWorkspace(request.actor, request.params.id, request.query),
  )
}

export default auditRoutes

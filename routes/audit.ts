import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { AuditPage, AuditQuery } from '../src/audit/model.ts'
import { problems } from '../src/contracts/http.ts'

/** The audit log. */
const auditRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/api/audit',
    {
      config: { auth: 'user', limit: 'read' },
      schema: {
        tags: ['audit'],
        operationId: 'listAudit',
        summary: 'What was done: all of it for administrators, your own for others; newest first',
        querystring: AuditQuery,
        response: { 200: AuditPage, ...problems(401, 403) },
      },
    },
    (request) => app.auditLog.list(request.actor, request.query),
  )
}

export default auditRoutes

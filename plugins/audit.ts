import fp from 'fastify-plugin'
import { AuditLine } from '../src/audit/model.ts'
import { type AuditLog, createAuditLog } from '../src/audit/service.ts'

declare module 'fastify' {
  interface FastifyInstance {
    auditLog: AuditLog
  }
}

/** The audit log as `app.auditLog`, for reading. */
export default fp(
  async (app) => {
    app.addSchema(AuditLine)
    app.decorate('auditLog', createAuditLog({ db: app.db, roleOf: app.workspaces.roleOf }))
  },
  { name: 'audit', dependencies: ['db', 'workspaces'] },
)

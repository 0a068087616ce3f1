import { index, jsonb, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { createdAt, id } from './columns.ts'

/**
 * The audit log: security events and administrative acts, append-only (a trigger refuses all else). No foreign keys: it outlives what it tells of.
 */
export const auditLog = pgTable(
  'audit_log',
  {
    id: id(),
    actorId: uuid(),
    action: text().notNull(),
    targetId: text(),
    /** In which workspace, where it was in one. */
    workspaceId: uuid(),
    address: text(),
    requestId: text(),
    details: jsonb().$type<Record<string, unknown>>().notNull().default({}),
    createdAt: createdAt(),
  },
  (table) => [
    index('audit_log_actor').on(table.actorId, table.id),
    index('audit_log_action').on(table.action, table.id),
    index('audit_log_target').on(table.targetId, table.id),
    index('audit_log_workspace').on(table.workspaceId, table.id),
  ],
)

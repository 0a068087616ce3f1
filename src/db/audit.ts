import type { Sql, TransactionSql } from 'postgres'
import type { AuditEntry } from '../contracts/audit.ts'
import { newId } from '../lib/ids.ts'

/** Writes a line of the audit log, with the pool or within a transaction. */
export async function audit(
  sql: Sql | TransactionSql,
  { action, actorId, targetId, workspaceId, origin, details = {} }: AuditEntry,
): Promise<void> {
  await sql`
    insert into audit_log (id, actor_id, action, target_id, workspace_id, address, request_id, details)
    values (${newId()}, ${actorId ?? null}, ${action}, ${targetId ?? null}, ${workspaceId ?? null}, ${origin?.address ?? null}, ${origin?.requestId ?? null},
            ${JSON.stringify(details)}::text::jsonb)`
}

import { problem } from '../contracts/errors.ts'
import { idAfter } from '../contracts/list.ts'
import type { Actor } from '../contracts/policy.ts'
import type { Database } from '../db/database.ts'
import { toPage } from '../lib/cursor.ts'
import type { AuditLine, AuditQuery } from './model.ts'

/** Reading the audit log; it is written where the acts are (db/audit.ts), in their transactions. */
export function createAuditLog({ sql }: Database) {
  return {
    /** Newest first. Administrators see all of it, others what they did themselves and what was done to their account. */
    async list(actor: Actor, { limit, cursor, action, userId }: AuditQuery) {
      const of = actor.role === 'admin' ? userId : actor.userId
      if (actor.role !== 'admin' && userId !== undefined && userId !== actor.userId) {
        throw problem('FORBIDDEN', { detail: 'Only administrators see what others did' })
      }
      const before = idAfter(cursor)
      const rows = await sql<AuditLine[]>`
        select id, action, actor_id as "actorId", target_id as "targetId", address, request_id as "requestId", details, created_at as "createdAt"
        from audit_log
        where true ${before === undefined ? sql`` : sql`and id < ${before}`} ${action === undefined ? sql`` : sql`and action = ${action}`}
          ${of === undefined ? sql`` : sql`and (actor_id = ${of} or target_id = ${of})`}
        order by id desc limit ${limit + 1}`
      return toPage([...rows], limit, (row) => [row.id])
    },
  }
}

/** See {@link createAuditLog}. */
export type AuditLog = ReturnType<typeof createAuditLog>

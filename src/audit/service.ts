import { Readable } from 'node:stream'
import type { Origin } from '../contracts/audit.ts'
import { problem } from '../contracts/errors.ts'
import { idAfter } from '../contracts/list.ts'
import { type Actor, demand, type Operation, SERVER_POLICY, type WorkspaceRole } from '../contracts/policy.ts'
import { audit } from '../db/audit.ts'
import type { Database } from '../db/database.ts'
import { toPage } from '../lib/cursor.ts'
import { csvLine } from './csv.ts'
import type { AuditExportQuery, AuditFilter, AuditLine, AuditQuery, WorkspaceAuditQuery } from './model.ts'

/** What the audit log needs from outside. */
export interface AuditLogDeps {
  db: Database
  roleOf: (userId: string, workspaceId: string) => Promise<WorkspaceRole | undefined>
}

/** How many lines an export reads at a time. */
const BATCH = 1_000
const COLUMNS = [
  'id',
  'createdAt',
  'action',
  'actorId',
  'targetId',
  'workspaceId',
  'address',
  'requestId',
  'details',
] as const

const seesAll = ({ role }: Actor) => (SERVER_POLICY['audit:read-all'] as readonly string[]).includes(role)

/** Reading the audit log; it is written where the acts are (db/audit.ts), in their transactions. */
export function createAuditLog({ db, roleOf }: AuditLogDeps) {
  const { sql } = db

  /** Newest first, from behind an id. `own`: only what this user did, and what was done to it. */
  const read = (filter: AuditFilter, own: string | undefined, limit: number, before: string | undefined) => {
    const { action, userId, actorId, targetId, workspaceId, since, until } = filter
    const of = (id: string | undefined) => (id === undefined ? sql`` : sql`and (actor_id = ${id} or target_id = ${id})`)
    return sql<AuditLine[]>`
      select id, action, actor_id as "actorId", target_id as "targetId", workspace_id as "workspaceId", address, request_id as "requestId",
        details, created_at as "createdAt"
      from audit_log
      where true ${before === undefined ? sql`` : sql`and id < ${before}`} ${action === undefined ? sql`` : sql`and action = ${action}`}
        ${of(userId)} ${of(own)} ${actorId === undefined ? sql`` : sql`and actor_id = ${actorId}`}
        ${targetId === undefined ? sql`` : sql`and target_id = ${targetId}`}
        ${workspaceId === undefined ? sql`` : sql`and workspace_id = ${workspaceId}`}
        ${since === undefined ? sql`` : sql`and created_at >= ${since}`} ${until === undefined ? sql`` : sql`and created_at < ${until}`}
      order by id desc limit ${limit}`
  }

  const page = async (filter: AuditFilter & { limit: number; cursor?: string }, own?: string) => {
    const rows = await read(filter, own, filter.limit + 1, idAfter(filter.cursor))
    return toPage([...rows], filter.limit, (row) => [row.id])
  }

  /** Whose lines an actor may see, when it is not all of them. */
  function ownOnly(actor: Actor, { userId }: AuditFilter): string | undefined {
    if (seesAll(actor)) return undefined
    if (userId !== undefined && userId !== actor.userId)
      throw problem('FORBIDDEN', { detail: 'Only administrators see what others did' })
    return actor.userId
  }

  async function* lines(query: AuditExportQuery, own: string | undefined): AsyncGenerator<string> {
    if (query.format === 'csv') yield csvLine(COLUMNS)
    for (let before: string | undefined; ; ) {
      const rows = await read(query, own, BATCH, before)
      const text = rows.map((row) =>
        query.format === 'csv'
          ? csvLine(COLUMNS.map((name) => (name === 'details' ? JSON.stringify(row.details) : row[name])))
          : `${JSON.stringify(row)}\n`,
      )
      if (text.length > 0) yield text.join('')
      if (rows.length < BATCH) return
      before = rows.at(-1)?.id
    }
  }

  return {
    /** Newest first. Administrators see all of it, others what they did themselves and what was done to their account. */
    list: async (actor: Actor, query: AuditQuery) => page(query, ownOnly(actor, query)),

    /** What was done in a workspace, for its owner and admins. @throws NOT_FOUND, FORBIDDEN */
    async ofWorkspace(actor: Actor, workspaceId: string, query: WorkspaceAuditQuery) {
      const operation: Operation = 'audit:read'
      demand(await roleOf(actor.userId, workspaceId), operation, 'workspace')
      return page({ ...query, workspaceId })
    },

    /** The same lines as `list`, all of them, as a stream that is never held in memory. The export itself is audited. */
    async export(actor: Actor, query: AuditExportQuery, origin: Origin): Promise<Readable> {
      const own = ownOnly(actor, query)
      const { format, ...filter } = query
      await audit(sql, { action: 'audit.exported', actorId: actor.userId, origin, details: { format, ...filter } })
      return Readable.from(lines(query, own))
    },
  }
}

/** See {@link createAuditLog}. */
export type AuditLog = ReturnType<typeof createAuditLog>

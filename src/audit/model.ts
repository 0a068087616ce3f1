import type { Static } from 'typebox'
import Type from 'typebox'
import { AUDITED, type AuditedAction } from '../contracts/audit.ts'
import { Enum, Id, ListQuery, Nullable, Page, Ref, Time } from '../contracts/http.ts'

const ACTIONS = Object.keys(AUDITED) as AuditedAction[]

/** A line of the audit log. */
export const AuditLine = Type.Object(
  {
    id: Id,
    action: Enum(ACTIONS),
    actorId: Nullable(Id),
    targetId: Nullable(Type.String()),
    workspaceId: Nullable({ ...Id, description: 'In which workspace, where it was in one' }),
    address: Nullable(Type.String()),
    requestId: Nullable(Type.String()),
    details: Type.Record(Type.String(), Type.Unknown()),
    createdAt: Time,
  },
  { $id: 'AuditLine' },
)
export type AuditLine = Static<typeof AuditLine>

const filter = {
  action: Type.Optional(Enum(ACTIONS)),
  userId: Type.Optional({ ...Id, description: 'What this user did, and what was done to it' }),
  actorId: Type.Optional({ ...Id, description: 'What this user did' }),
  targetId: Type.Optional({ ...Id, description: 'What was done to this record' }),
  since: Type.Optional({ ...Time, description: 'From this time on' }),
  until: Type.Optional({ ...Time, description: 'Before this time' }),
}
const closed = { additionalProperties: false }

/** What lines of the audit log are wanted. */
export const AuditFilter = Type.Object({ ...filter, workspaceId: Type.Optional(Id) }, closed)
export type AuditFilter = Static<typeof AuditFilter>

/** Query of the audit log. */
export const AuditQuery = Type.Object({ ...ListQuery.properties, ...AuditFilter.properties }, closed)
export type AuditQuery = Static<typeof AuditQuery>

/** Query of the audit log of one workspace. */
export const WorkspaceAuditQuery = Type.Object({ ...ListQuery.properties, ...filter }, closed)
export type WorkspaceAuditQuery = Static<typeof WorkspaceAuditQuery>

/** Query of an export of the audit log. */
export const AuditExportQuery = Type.Object(
  {
    ...AuditFilter.properties,
    format: Enum(['jsonl', 'csv'] as const, { default: 'jsonl', description: 'One JSON object a line, or a table' }),
  },
  closed,
)
export type AuditExportQuery = Static<typeof AuditExportQuery>

/** A page of the audit log. */
export const AuditPage = Page(Ref(AuditLine))

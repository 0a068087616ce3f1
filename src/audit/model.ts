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
    address: Nullable(Type.String()),
    requestId: Nullable(Type.String()),
    details: Type.Record(Type.String(), Type.Unknown()),
    createdAt: Time,
  },
  { $id: 'AuditLine' },
)
export type AuditLine = Static<typeof AuditLine>

/** Query of the audit log. */
export const AuditQuery = Type.Object(
  { ...ListQuery.properties, action: Type.Optional(Enum(ACTIONS)), userId: Type.Optional(Id) },
  { additionalProperties: false },
)
export type AuditQuery = Static<typeof AuditQuery>

/** A page of the audit log. */
export const AuditPage = Page(Ref(AuditLine))

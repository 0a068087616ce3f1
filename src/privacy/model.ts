import type { Static } from 'typebox'
import Type from 'typebox'
import { Id, Nullable, Page, Ref, Time } from '../contracts/http.ts'

const closed = { additionalProperties: false }

/** An archive of everything that is kept of somebody. */
export const DataExport = Type.Object(
  {
    id: Id,
    userId: { ...Id, description: 'Of whom' },
    jobId: Nullable({ ...Id, description: 'The job that makes it' }),
    ready: Type.Boolean({ description: 'Whether it can be downloaded' }),
    size: Nullable(Type.Integer({ description: 'Bytes' })),
    expiresAt: Time,
    createdAt: Time,
  },
  { $id: 'DataExport', description: 'An archive of everything that is kept of somebody' },
)
export type DataExport = Static<typeof DataExport>

/** Body that orders one. */
export const OrderExportBody = Type.Object(
  { forUserId: Type.Optional({ ...Id, description: 'Of somebody else: administrators only' }) },
  closed,
)
export type OrderExportBody = Static<typeof OrderExportBody>

/** Body with which somebody erases the own account. */
export const EraseOwnBody = Type.Object({ password: Type.String({ maxLength: 1024 }) }, closed)

/** An ordered erasure: sessions have ended, the rest is done within minutes. */
export const Erasure = Type.Object({ erasing: Id }, { $id: 'Erasure' })

export const DataExportPage = Page(Ref(DataExport))

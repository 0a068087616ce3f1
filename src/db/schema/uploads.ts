import { sql } from 'drizzle-orm'
import { bigint, index, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import type { ContentKind, ScanState } from '../../contracts/uploads.ts'
import { createdAt, id, time, updatedAt } from './columns.ts'
import { users } from './users.ts'
import { workspaces } from './workspaces.ts'

/**
 * Uploaded files. A row is made before the first byte arrives (`receiving` in one request, `resumable` in several; its `size` being what it
 * has reserved of the quota), so that whatever a crash leaves in the storage is known by a row and can be removed.
 */
export const uploads = pgTable(
  'uploads',
  {
    id: id(),
    workspaceId: uuid()
      .notNull()
      .references(() => workspaces.id, { onDelete: 'cascade' }),
    createdBy: uuid().references(() => users.id, { onDelete: 'set null' }),
    state: text().$type<'receiving' | 'resumable' | 'ready'>().notNull().default('receiving'),
    name: text().notNull(),
    size: bigint({ mode: 'number' }).notNull(),
    contentType: text().notNull().default('application/octet-stream'),
    kind: text().$type<ContentKind>().notNull().default('other'),
    charset: text(),
    /** Hexadecimal; empty while receiving. */
    sha256: text().notNull().default(''),
    scan: text().$type<ScanState>().notNull().default('unscanned'),
    storageKey: text().notNull(),
    version: integer().notNull().default(1),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    deletedAt: time(),
    /** When the object was removed from the storage, after the deletion. */
    purgedAt: time(),
  },
  (table) => [
    index('uploads_workspace')
      .on(table.workspaceId, table.id)
      .where(sql`${table.state} = 'ready' and ${table.deletedAt} is null`),
    index('uploads_unfinished').on(table.updatedAt).where(sql`${table.state} <> 'ready'`),
    index('uploads_unpurged')
      .on(table.deletedAt)
      .where(sql`${table.deletedAt} is not null and ${table.purgedAt} is null`),
  ],
)

/** What has arrived of a resumable upload: pieces in the storage, one after the other without a gap. */
export const uploadParts = pgTable(
  'upload_parts',
  {
    storageKey: text().primaryKey(),
    uploadId: uuid()
      .notNull()
      .references(() => uploads.id, { onDelete: 'cascade' }),
    /** Offset of its first byte in the file. */
    start: bigint({ mode: 'number' }).notNull(),
    /** Bytes; null while it arrives: then it counts for nothing, but whatever a crash leaves of it is known. */
    size: bigint({ mode: 'number' }),
  },
  (table) => [index('upload_parts_upload').on(table.uploadId, table.start)],
)

/** Bytes that the uploads of a workspace take, those being received included: always the sum of their sizes. */
export const workspaceStorage = pgTable('workspace_storage', {
  workspaceId: uuid()
    .primaryKey()
    .references(() => workspaces.id, { onDelete: 'cascade' }),
  usedBytes: bigint({ mode: 'number' }).notNull(),
})

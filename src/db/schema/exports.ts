import { bigint, index, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { createdAt, id, time } from './columns.ts'
import { users } from './users.ts'

/** Archives of everything that is kept of a user, made on demand and kept for some days. `storageKey` is null until it is made. */
export const dataExports = pgTable(
  'data_exports',
  {
    id: id(),
    /** Of whom. */
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    /** Who asked for it, and may fetch it. */
    requestedBy: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    jobId: uuid(),
    storageKey: text(),
    size: bigint({ mode: 'number' }),
    expiresAt: time().notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    index('data_exports_user').on(table.userId),
    index('data_exports_requested_by').on(table.requestedBy, table.id),
    index('data_exports_expires').on(table.expiresAt),
  ],
)

/** One-time links with which the first administrator is made. Only the SHA-256 of the token. */
export const setupTokens = pgTable('setup_tokens', {
  tokenHash: text().primaryKey(),
  expiresAt: time().notNull(),
  createdAt: createdAt(),
})

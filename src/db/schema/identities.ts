import { index, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { createdAt, id, time } from './columns.ts'
import { users } from './users.ts'

/** Identities at identity providers by which users sign in. Recognized by issuer and subject, never by email. */
export const identities = pgTable(
  'identities',
  {
    id: id(),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    provider: text().notNull(),
    issuer: text().notNull(),
    subject: text().notNull(),
    /** What the provider said when it was linked; for people to tell them apart. */
    email: text(),
    createdAt: createdAt(),
    lastUsedAt: time(),
  },
  (table) => [
    uniqueIndex('identities_subject_unique').on(table.issuer, table.subject),
    index('identities_user').on(table.userId, table.id),
  ],
)

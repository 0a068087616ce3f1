import { index, pgTable, text } from 'drizzle-orm/pg-core'
import { createdAt, id, sealed, time } from './columns.ts'

/**
 * Mails to send, made in the transaction that gives the reason. The content (address included) is sealed, and erased once it is sent:
 * it may hold a token.
 */
export const mails = pgTable(
  'mails',
  {
    id: id(),
    /** What it is about, such as `password.reset`. */
    kind: text().notNull(),
    content: sealed(),
    /** Set while a worker is sending it. */
    leaseUntil: time(),
    createdAt: createdAt(),
    sentAt: time(),
  },
  (table) => [index('mails_created').on(table.createdAt)],
)

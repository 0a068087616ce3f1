import { bigint, date, index, pgTable, primaryKey, uuid } from 'drizzle-orm/pg-core'
import { createdAt } from './columns.ts'
import { users } from './users.ts'

/** Tokens of language models by user and calendar month (UTC). What is reserved for replies being written counts as used until they end. */
export const assistantUsage = pgTable(
  'assistant_usage',
  {
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    /** Its first day. */
    month: date({ mode: 'string' }).notNull(),
    used: bigint({ mode: 'number' }).notNull().default(0),
    reserved: bigint({ mode: 'number' }).notNull().default(0),
  },
  (table) => [primaryKey({ columns: [table.userId, table.month] })],
)

/** What a reply being written has reserved: the reserved tokens of a month are the sum of these. No reference to its message: that may go first. */
export const assistantReservations = pgTable(
  'assistant_reservations',
  {
    messageId: uuid().primaryKey(),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    month: date({ mode: 'string' }).notNull(),
    tokens: bigint({ mode: 'number' }).notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    index('assistant_reservations_user').on(table.userId),
    index('assistant_reservations_age').on(table.createdAt),
  ],
)

import { index, integer, pgTable, text } from 'drizzle-orm/pg-core'
import { time } from './columns.ts'

/** Counted attempts, such as wrong passwords, by window. Unlogged (see its migration): losing them costs nobody anything. */
export const attempts = pgTable(
  'attempts',
  {
    key: text().primaryKey(),
    count: integer().notNull(),
    resetsAt: time().notNull(),
  },
  (table) => [index('attempts_resets').on(table.resetsAt)],
)

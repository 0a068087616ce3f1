import { bigint, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { createdAt } from './columns.ts'

/** The gapless counter of each topic. Its row lock, held to the end of the writing transaction, orders the writers of a topic. */
export const topics = pgTable('topics', {
  topic: text().primaryKey(),
  /** Changes when the history of the topic was lost, e.g. after a restore: clients must reload then. */
  epoch: text().notNull(),
  seq: bigint({ mode: 'number' }).notNull(),
})

/** The outbox and the memory of every topic: what happened, in order, written with the rows it tells of. */
export const events = pgTable(
  'events',
  {
    topic: text().notNull(),
    seq: bigint({ mode: 'number' }).notNull(),
    name: text().notNull(),
    data: jsonb().notNull(),
    createdAt: createdAt(),
  },
  (table) => [primaryKey({ columns: [table.topic, table.seq] })],
)

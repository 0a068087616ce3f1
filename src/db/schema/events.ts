import { sql } from 'drizzle-orm'
import { bigint, index, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { createdAt } from './columns.ts'

/** The gapless counter of each topic. Its row lock, held to the end of the writing transaction, orders the writers of a topic. */
export const topics = pgTable('topics', {
  topic: text().primaryKey(),
  /** Changes when the history of the topic was lost, e.g. after a restore: clients must reload then. */
  epoch: text().notNull(),
  seq: bigint({ mode: 'number' }).notNull(),
  /** The low-water mark: events up to this number were pruned. What is behind it is there without a hole. */
  pruned: bigint({ mode: 'number' }).notNull().default(0),
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
  (table) => [
    primaryKey({ columns: [table.topic, table.seq] }),
    // Written in the order of time, so a few bytes for each hundred pages find what is old.
    index('events_age').using('brin', table.createdAt),
    // Later events of a message, whose text has to go when it is deleted. Not its first: that has the message's own number.
    index('events_message_changes')
      .on(table.topic, sql`(${table.data} ->> 'id')`)
      .where(sql`${table.name} in ('message.updated', 'reply.completed', 'reply.stopped', 'reply.failed')`),
  ],
)

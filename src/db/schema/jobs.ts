import { sql } from 'drizzle-orm'
import { index, integer, jsonb, pgTable, real, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { createdAt, id, time } from './columns.ts'
import { users } from './users.ts'
import { workspaces } from './workspaces.ts'

/** States of a job, as clients see them. */
export type JobState = 'queued' | 'active' | 'completed' | 'failed' | 'cancelled'

/** Jobs as clients see them, and the outbox of the queue: a row without `dispatchedAt` still has to be handed over. */
export const jobs = pgTable(
  'jobs',
  {
    id: id(),
    name: text().notNull(),
    data: jsonb().notNull(),
    workspaceId: uuid().references(() => workspaces.id, { onDelete: 'cascade' }),
    userId: uuid().references(() => users.id, { onDelete: 'cascade' }),
    /** At most one queued job with the same key. */
    dedupeKey: text(),
    state: text().$type<JobState>().notNull().default('queued'),
    progress: real().notNull().default(0),
    phase: text(),
    /** The same in numbers, where it can be counted. */
    pace: jsonb(),
    result: jsonb(),
    error: jsonb().$type<{ code: string; message: string }>(),
    /** How often it has begun, crashes and retries included. */
    attempt: integer().notNull().default(0),
    /** Counts the times it was handed to the queue as a new job: `<id>.<run>` is its id there. */
    run: integer().notNull().default(1),
    version: integer().notNull().default(1),
    createdAt: createdAt(),
    dispatchedAt: time(),
    startedAt: time(),
    finishedAt: time(),
  },
  (table) => [
    index('jobs_user').on(table.userId, table.id),
    index('jobs_workspace').on(table.workspaceId, table.id),
    index('jobs_unfinished').on(table.createdAt).where(sql`${table.state} in ('queued', 'active')`),
    index('jobs_undispatched')
      .on(table.createdAt)
      .where(sql`${table.dispatchedAt} is null and ${table.state} = 'queued'`),
    uniqueIndex('jobs_dedupe')
      .on(table.dedupeKey)
      .where(sql`${table.state} = 'queued' and ${table.dedupeKey} is not null`),
  ],
)

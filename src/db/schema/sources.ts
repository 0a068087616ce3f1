import { sql } from 'drizzle-orm'
import { index, integer, jsonb, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { createdAt, id, time, updatedAt } from './columns.ts'
import { users } from './users.ts'
import { workspaces } from './workspaces.ts'

/** Named bodies of code or documents. `revision` is the number of the newest finished analysis, 0 before the first. */
export const sources = pgTable(
  'sources',
  {
    id: id(),
    workspaceId: uuid()
      .notNull()
      .references(() => workspaces.id, { onDelete: 'cascade' }),
    createdBy: uuid().references(() => users.id, { onDelete: 'set null' }),
    name: text().notNull(),
    revision: integer().notNull().default(0),
    nodes: integer().notNull().default(0),
    edges: integer().notNull().default(0),
    /** When the newest revision was finished. */
    analyzedAt: time(),
    version: integer().notNull().default(1),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    deletedAt: time(),
  },
  (table) => [index('sources_workspace').on(table.workspaceId, table.id).where(sql`${table.deletedAt} is null`)],
)

/** States of a revision; `number` is given when it is completed. */
export type RevisionState = 'queued' | 'active' | 'completed' | 'failed'

/** Analyses of a source. One without `number` brought nothing (yet). */
export const revisions = pgTable(
  'revisions',
  {
    id: id(),
    sourceId: uuid()
      .notNull()
      .references(() => sources.id, { onDelete: 'cascade' }),
    number: integer(),
    state: text().$type<RevisionState>().notNull().default('queued'),
    uploadIds: uuid().array().notNull(),
    jobId: uuid(),
    createdBy: uuid().references(() => users.id, { onDelete: 'set null' }),
    added: integer().notNull().default(0),
    removed: integer().notNull().default(0),
    changed: integer().notNull().default(0),
    stats: jsonb(),
    error: text(),
    createdAt: createdAt(),
    finishedAt: time(),
  },
  (table) => [
    index('revisions_source').on(table.sourceId, table.id),
    uniqueIndex('revisions_number').on(table.sourceId, table.number),
  ],
)

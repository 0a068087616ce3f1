import { pgTable, uuid } from 'drizzle-orm/pg-core'
import { createdAt } from './columns.ts'
import { workspaces } from './workspaces.ts'

/**
 * Workspaces whose rows are followed: since somebody subscribed to `changes:<workspaceId>` for the first time, triggers write an event for each
 * change there. A row that goes away must take its topic along, so that nobody takes the hole for silence.
 */
export const changeFeeds = pgTable('change_feeds', {
  workspaceId: uuid()
    .primaryKey()
    .references(() => workspaces.id, { onDelete: 'cascade' }),
  createdAt: createdAt(),
})

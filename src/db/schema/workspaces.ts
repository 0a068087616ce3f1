import { sql } from 'drizzle-orm'
import { boolean, index, integer, pgTable, primaryKey, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import type { WorkspaceRole } from '../../contracts/policy.ts'
import { createdAt, id, time, updatedAt } from './columns.ts'
import { users } from './users.ts'

/** Workspaces: what members share. Every user has a personal one. */
export const workspaces = pgTable(
  'workspaces',
  {
    id: id(),
    name: text().notNull(),
    personal: boolean().notNull().default(false),
    createdBy: uuid().references(() => users.id, { onDelete: 'set null' }),
    version: integer().notNull().default(1),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
    deletedAt: time(),
  },
  (table) => [uniqueIndex('workspaces_personal_unique').on(table.createdBy).where(sql`${table.personal}`)],
)

/** Who belongs to a workspace, and with which role. */
export const workspaceMembers = pgTable(
  'workspace_members',
  {
    workspaceId: uuid()
      .notNull()
      .references(() => workspaces.id, { onDelete: 'cascade' }),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    role: text().$type<WorkspaceRole>().notNull(),
    createdAt: createdAt(),
  },
  (table) => [
    primaryKey({ columns: [table.workspaceId, table.userId] }),
    index('workspace_members_user').on(table.userId, table.workspaceId),
  ],
)

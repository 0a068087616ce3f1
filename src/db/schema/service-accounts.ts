import { index, pgTable, uuid } from 'drizzle-orm/pg-core'
import { createdAt } from './columns.ts'
import { users } from './users.ts'
import { workspaces } from './workspaces.ts'

/** Service accounts: users of kind `service` who belong to one workspace, have no password, and act with API keys. */
export const serviceAccounts = pgTable(
  'service_accounts',
  {
    userId: uuid()
      .primaryKey()
      .references(() => users.id, { onDelete: 'cascade' }),
    workspaceId: uuid()
      .notNull()
      .references(() => workspaces.id, { onDelete: 'cascade' }),
    createdBy: uuid().references(() => users.id, { onDelete: 'set null' }),
    createdAt: createdAt(),
  },
  (table) => [
    index('service_accounts_workspace').on(table.workspaceId, table.userId),
    index('service_accounts_created_by').on(table.createdBy),
  ],
)

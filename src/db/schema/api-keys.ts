import { index, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import type { Scope } from '../../contracts/policy.ts'
import { createdAt, id, time } from './columns.ts'
import { users } from './users.ts'

/** API keys: long-lived, scoped, shown once and stored as SHA-256. */
export const apiKeys = pgTable(
  'api_keys',
  {
    id: id(),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    name: text().notNull(),
    hash: text().notNull(),
    scopes: text().array().$type<Scope[]>().notNull(),
    expiresAt: time(),
    lastUsedAt: time(),
    revokedAt: time(),
    createdAt: createdAt(),
  },
  (table) => [index('api_keys_user').on(table.userId, table.id)],
)

import { sql } from 'drizzle-orm'
import { boolean, index, integer, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import type { ServerRole, Tier } from '../../contracts/policy.ts'
import { createdAt, id, sealed, time, updatedAt } from './columns.ts'

/** Accounts. Emails are stored as written and unique by lower case. */
export const users = pgTable(
  'users',
  {
    id: id(),
    email: text().notNull(),
    name: text().notNull(),
    passwordHash: text(),
    /** A `service` is no person: it belongs to a workspace (table service_accounts) and cannot sign in. */
    kind: text().$type<'person' | 'service'>().notNull().default('person'),
    role: text().$type<ServerRole>().notNull().default('user'),
    tier: text().$type<Tier>().notNull().default('free'),
    emailVerified: boolean().notNull().default(false),
    disabledAt: time(),
    version: integer().notNull().default(1),
    createdAt: createdAt(),
    updatedAt: updatedAt(),
  },
  (table) => [
    uniqueIndex('users_email_unique').on(sql`lower(${table.email})`),
    index('users_search').using('gin', sql`${table.email} gin_trgm_ops`, sql`${table.name} gin_trgm_ops`),
  ],
)

/** Sessions: one sign-in on one device, a family of rotating refresh tokens. Tokens only as SHA-256. */
export const sessions = pgTable(
  'sessions',
  {
    id: id(),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    refreshHash: text().notNull(),
    previousHash: text(),
    /** The pair that the predecessor was exchanged for, sealed, so that a retry within the grace gets the identical one. */
    previousAnswer: sealed(),
    rotatedAt: time().notNull().defaultNow(),
    userAgent: text(),
    address: text(),
    createdAt: createdAt(),
    lastSeenAt: time().notNull().defaultNow(),
    expiresAt: time().notNull(),
    revokedAt: time(),
    revokedReason: text(),
  },
  (table) => [
    uniqueIndex('sessions_refresh_hash_unique').on(table.refreshHash),
    index('sessions_previous_hash').on(table.previousHash),
    index('sessions_user').on(table.userId, table.id),
  ],
)

import { index, integer, jsonb, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { createdAt, sealed, time } from './columns.ts'

/** Requests that carried an Idempotency-Key, and their answers. Kept for 24 hours. */
export const idempotencyKeys = pgTable(
  'idempotency_keys',
  {
    /** `user:<id>` or `address:<ip>`. */
    scope: text().notNull(),
    key: text().notNull(),
    /** SHA-256 of method, route and body. */
    fingerprint: text().notNull(),
    /** Set while a request is being handled; free again after it, or after the lease has run out (a killed process). */
    leaseUntil: time(),
    /** What the service returned, sealed, written in its own transaction: answers a retry when the process died before it could answer. */
    outcome: sealed(),
    status: integer(),
    headers: jsonb().$type<Record<string, string>>(),
    /** The answer's body, sealed with the key ring: it may hold tokens. */
    body: sealed(),
    createdAt: createdAt(),
  },
  (table) => [primaryKey({ columns: [table.scope, table.key] }), index('idempotency_keys_created').on(table.createdAt)],
)

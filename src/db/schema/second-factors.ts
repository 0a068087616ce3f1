import { bigint, index, integer, pgTable, text, uuid } from 'drizzle-orm/pg-core'
import { createdAt, id, sealed, time } from './columns.ts'
import { users } from './users.ts'

/** The authenticator app of a user: one at most. Waits for its first code until `confirmedAt`. */
export const totpFactors = pgTable('totp_factors', {
  userId: uuid()
    .primaryKey()
    .references(() => users.id, { onDelete: 'cascade' }),
  /** The shared secret in base32, sealed. */
  secret: sealed().notNull(),
  /** The last time step whose code was taken: no code is good twice. */
  lastStep: bigint({ mode: 'number' }).notNull().default(0),
  createdAt: createdAt(),
  confirmedAt: time(),
})

/** Wrong second factors of a user, whatever kind they were of. */
export const factorFailures = pgTable('factor_failures', {
  userId: uuid()
    .primaryKey()
    .references(() => users.id, { onDelete: 'cascade' }),
  failures: integer().notNull().default(0),
  lockedUntil: time(),
})

/** Recovery codes: each good once, stored as a hash of its own. */
export const recoveryCodes = pgTable(
  'recovery_codes',
  {
    id: id(),
    userId: uuid()
      .notNull()
      .references(() => users.id, { onDelete: 'cascade' }),
    hash: text().notNull(),
    usedAt: time(),
    createdAt: createdAt(),
  },
  (table) => [index('recovery_codes_user').on(table.userId, table.hash)],
)

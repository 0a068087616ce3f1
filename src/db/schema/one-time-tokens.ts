import { boolean, index, jsonb, pgTable, text, uniqueIndex, uuid } from 'drizzle-orm/pg-core'
import { createdAt, id, time } from './columns.ts'
import { users } from './users.ts'

/** Tokens that are good once and for a short time: links in mails, steps of a sign-in. Only as SHA-256. */
export const oneTimeTokens = pgTable(
  'one_time_tokens',
  {
    id: id(),
    purpose: text().notNull(),
    /** Null where the token stands for no account (yet). */
    userId: uuid().references(() => users.id, { onDelete: 'cascade' }),
    /** Whom it was asked for, such as an email in lower case: for limiting how often. */
    subject: text(),
    hash: text().notNull(),
    /** What the token stands for; emptied when it is used. */
    data: jsonb().$type<Record<string, unknown>>().notNull().default({}),
    /** Whether it was mailed to somebody. */
    mailed: boolean().notNull().default(false),
    expiresAt: time().notNull(),
    usedAt: time(),
    createdAt: createdAt(),
  },
  (table) => [
    uniqueIndex('one_time_tokens_hash_unique').on(table.hash),
    index('one_time_tokens_subject').on(table.subject, table.purpose, table.createdAt),
    index('one_time_tokens_user').on(table.userId, table.purpose),
    index('one_time_tokens_expires').on(table.expiresAt),
  ],
)

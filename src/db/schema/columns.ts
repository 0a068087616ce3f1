import { customType, timestamp, uuid } from 'drizzle-orm/pg-core'

/** Primary key: a UUIDv7 made by the application. */
export const id = () => uuid().primaryKey()
/** A point in time: RFC 3339 string in UTC, both ways (see db/client.ts). */
export const time = () => timestamp({ mode: 'string', withTimezone: true, precision: 3 })
/** When the row was made. */
export const createdAt = () => time().notNull().defaultNow()
/** When the row was last changed; set by the writer. */
export const updatedAt = () => time().notNull().defaultNow()
/**
 * A text sealed with the key ring (lib/seal). Each such column has its row in db/sealed.ts, or the server's secrets could not be re-encrypted;
 * a test compares.
 */
export const sealed = customType<{ data: string }>({ dataType: () => 'text' })

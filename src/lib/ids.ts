import { v7 } from 'uuid'

/** A new record id: a UUIDv7 string (RFC 9562), made by the application because external PostgreSQL may be older than 18. */
export const newId = (): string => v7()

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Whether a string has the form of a UUID of any version. Not a check that the record exists. */
export const isId = (value: string): boolean => UUID.test(value)

import { randomFillSync } from 'node:crypto'

const RANDOM_BYTES = 8
/** Random bytes are drawn in bulk: one call of the generator for each id would cost more than all the rest. */
const pool = Buffer.allocUnsafe(RANDOM_BYTES * 512)
let used = pool.length
let lastTime = 0
let counter = 0

function draw(): number {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  used += RANDOM_BYTES
  return used - RANDOM_BYTES
}

/**
 * A new record id: a UUIDv7 string (RFC 9562), made by the application because external PostgreSQL may be older than 18. Ids of one process
 * ascend, also within a millisecond (section 6.2, method 1: 12 bits of counter, seeded anew at each millisecond); 62 bits are random.
 */
export function newId(): string {
  const at = draw()
  const now = Date.now()
  if (now > lastTime) {
    lastTime = now
    // Half of its range stays free for the ids to come within this millisecond.
    counter = ((pool[at]! << 8) | pool[at + 1]!) & 0x7ff
  } else if (++counter > 0xfff) {
    lastTime += 1
    counter = 0
  }
  const time = lastTime.toString(16).padStart(12, '0')
  const variant = ((pool[at]! & 0x3f) | 0x80).toString(16)
  const rest = pool.toString('hex', at + 1, at + RANDOM_BYTES)
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, '0')}-${variant}${rest.slice(0, 2)}-${rest.slice(2)}`
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** Whether a string has the form of a UUID of any version. Not a check that the record exists. */
export const isId = (value: string): boolean => UUID.test(value)

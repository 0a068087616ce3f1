import type { Connection } from './connection.ts'
import type { Allowance } from './types.ts'

/** Refused frames, without the bucket having been half full in between, after which the connection is closed. */
const MAX_STRIKES = 200

/**
 * Takes one token from the bucket of a connection.
 * @returns undefined when the frame may pass, else the seconds until the next one may; `close` once it has been ignored too often
 */
export function throttle(connection: Connection, allowance: Allowance, now: number) {
  const { burst, perSecond } = allowance
  const gained = ((now - connection.refilledAt) / 1000) * perSecond
  connection.tokens = Number.isNaN(connection.tokens) ? burst : Math.min(burst, connection.tokens + gained)
  connection.refilledAt = now
  if (connection.tokens >= 1) {
    connection.tokens -= 1
    if (connection.tokens > burst / 2) connection.strikes = 0
    return undefined
  }
  connection.strikes += 1
  return {
    retryAfter: Math.ceil(((1 - connection.tokens) / perSecond) * 1000) / 1000,
    close: connection.strikes > MAX_STRIKES,
  }
}

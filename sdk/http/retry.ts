import { backoff, sleep } from '../backoff.ts'
import { ParleyError } from '../errors.ts'

/** How patient a request is. */
export type Patience = {
  /** Further attempts after a failure that may pass by itself (default 3; none where the request cannot be sent twice). */
  retries?: number | undefined
  /** The longest wait that a server may ask for by Retry-After, in ms (default 20,000); an error that asks for more is handed on at once. */
  longestWaitMs?: number | undefined
  signal?: AbortSignal | undefined
}

const RETRIES = 3
const LONGEST_WAIT_MS = 20_000
/** The server has not begun with it. */
const REFUSED = new Set([429, 503])
/** Something in front of the server gave up waiting: nobody knows whether it was carried out. */
const UNCERTAIN = new Set([502, 504])

/**
 * Whether a request whose answer was lost may be sent again: it has no effect, the same effect (RFC 9110 section 9.2.2), or a key by which the
 * server knows it. Not with If-Match: what was carried out would be told as a conflict.
 */
export const isRepeatable = (method: string, ifMatch: string | undefined): boolean =>
  method !== 'PATCH' && ifMatch === undefined

/** Whether the same request may well succeed a little later. `again`: it was sent before. */
function isPassing({ status, code }: ParleyError, repeatable: boolean, again: boolean): boolean {
  if (REFUSED.has(status)) return true
  // The first one of a keyed POST may still be at work while its answer was lost on the way.
  if (again && code === 'IDEMPOTENCY_IN_PROGRESS') return true
  return repeatable && (code === 'NETWORK' || UNCERTAIN.has(status))
}

/** Runs attempts until one succeeds, fails for good, or there are no more: waits as long as the server asks, and a random time on top (full jitter). */
export async function withRetries<T>(
  attempt: () => Promise<T>,
  { retries = RETRIES, longestWaitMs = LONGEST_WAIT_MS, signal }: Patience,
  repeatable: boolean,
): Promise<T> {
  for (let tried = 0; ; tried += 1) {
    try {
      return await attempt()
    } catch (error) {
      if (tried >= retries || !(error instanceof ParleyError) || !isPassing(error, repeatable, tried > 0)) throw error
      const asked = (error.retryAfter ?? 0) * 1000
      if (asked > longestWaitMs) throw error
      await sleep(asked + backoff(tried), signal)
    }
  }
}

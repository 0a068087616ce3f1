import { LRUCache } from 'lru-cache'

/** A budget that runs: uses so far, and when its window ends (ms of the monotonic clock). */
interface Window {
  current: number
  endsAt: number
}

const MAX_WINDOWS = 100_000

/**
 * The in-memory store of rate limits for @fastify/rate-limit, in place of its own. That one hands out the very object that it counts in, and its reader looks
 * at it a little later: of requests that arrive together all see the count of the last one, and a burst beyond the budget is refused whole.
 */
export class MemoryLimitStore {
  readonly #windows = new LRUCache<string, Window>({ max: MAX_WINDOWS })

  incr(
    key: string,
    callback: (error: Error | null, result: { current: number; ttl: number }) => void,
    timeWindow: number,
  ): void {
    const now = performance.now()
    let window = this.#windows.get(key)
    if (window === undefined || window.endsAt <= now) {
      window = { current: 0, endsAt: now + timeWindow }
      this.#windows.set(key, window)
    }
    window.current += 1
    // Whole milliseconds: the sum and its difference are not exact, and 60.00001 s would be told as 61.
    callback(null, { current: window.current, ttl: Math.round(window.endsAt - now) })
  }

  /** Keys name their group: all checks share one store. */
  child(): this {
    return this
  }
}

/** One window to count an attempt in: a name of at most 200 characters and its length, ms. */
export interface AttemptWindow {
  key: string
  windowMs: number
}

/** Where a window stands after an attempt was counted in it. */
export interface AttemptCount {
  key: string
  count: number
  /** Until the window ends and the count begins anew, ms. */
  resetsInMs: number
}

/**
 * The port for counting attempts (wrong passwords and the like) over all instances, in windows that begin with their first attempt and
 * never grow longer. It decides nothing: whoever counts compares. Not for the rate limits of requests, which are plugins/rate-limit.ts.
 */
export interface Attempts {
  /** `postgres` or `redis`; for logs. */
  readonly backend: string
  /** Counts an attempt in each window, in one atomic step each; answers in the order of the windows. */
  take(windows: readonly AttemptWindow[]): Promise<AttemptCount[]>
  /** Takes an attempt back from windows that still run: it was none. Never below zero. */
  giveBack(keys: readonly string[]): Promise<void>
  /** Ends timers of its own. Connections that were handed in stay open. */
  close(): Promise<void>
}

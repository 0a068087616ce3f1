/**
 * The cache port: remembers JSON values for a while, so that a costly answer is worked out once.
 *
 * It is not a store: any entry may vanish at any time, and no decision about rights may rest on one that cannot be
 * invalidated. It is not a lock either: `wrap` joins parallel callers, but a loader may still run twice (after a crash
 * of its holder, or when the backend is away).
 *
 * Values must survive `JSON.stringify`. What comes out is to be treated as read only: the in-process backend hands
 * the same frozen object to everybody.
 */
export interface Cache {
  /** `memory` or `redis`; for logs and metrics. */
  readonly backend: string
  /** The value, or undefined when there is none, it expired, or one of its tags was invalidated. */
  get<T>(key: string): Promise<T | undefined>
  /** Stores a value. An `undefined` value is refused with a TypeError (`null` is a value). */
  set(key: string, value: unknown, options: CacheEntryOptions): Promise<void>
  /** Forgets a key; a `wrap` that is loading it right now does not bring the old value back. True when it was there. */
  delete(key: string): Promise<boolean>
  /** Forgets every entry that carries one of the tags, on all instances. */
  invalidate(...tags: string[]): Promise<void>
  /**
   * The cached value, or that of `load`, which is then stored. Parallel callers of one key share one `load`.
   * A loader that throws stores nothing and rejects for all who wait; `undefined` is returned but not stored.
   */
  wrap<T>(key: string, options: CacheEntryOptions, load: () => Promise<T>): Promise<T>
  /** Counters since the start of this instance. */
  stats(): CacheStats
  /** Ends timers and subscriptions of its own. Connections that were handed in stay open. */
  close(): Promise<void>
}

/** How an entry is kept. */
export interface CacheEntryOptions {
  /** Milliseconds to live, 1 to `MAX_CACHE_TTL_MS`; a longer one is shortened. */
  ttlMs: number
  /** Names by which the entry can be forgotten together with others (`user:<id>`, `conversation:<id>`). */
  tags?: readonly string[]
}

/** Counters of one instance, as the metrics page shows them. */
export interface CacheStats {
  hits: number
  misses: number
  sets: number
  deletes: number
  invalidations: number
  /** Loader runs by `wrap`. */
  loads: number
  /** Callers of `wrap` that were served by another caller's loader run. */
  joined: number
  /** Operations that failed at the backend and were answered as a miss. */
  errors: number
  /** Entries held in process; undefined where the backend does not say cheaply. */
  entries?: number
}

/** Longest life of an entry: one day. Tag marks of the Redis backend live this long too. */
export const MAX_CACHE_TTL_MS = 24 * 60 * 60 * 1000

/** A fresh set of counters, all zero. */
export function emptyCacheStats(): CacheStats {
  return { hits: 0, misses: 0, sets: 0, deletes: 0, invalidations: 0, loads: 0, joined: 0, errors: 0 }
}

/** The time to live brought into its bounds. Throws a TypeError for one that is not a positive number. */
export function boundedTtl(ttlMs: number): number {
  if (!(ttlMs > 0)) throw new TypeError(`ttlMs must be a positive number of milliseconds, not ${ttlMs}`)
  return Math.max(1, Math.min(Math.round(ttlMs), MAX_CACHE_TTL_MS))
}

import { LRUCache } from 'lru-cache'
import { boundedTtl, type Cache, type CacheEntryOptions, emptyCacheStats } from '../../contracts/cache.ts'

/** What one instance tells the others: keys and tags to forget. */
export interface CacheNotice {
  keys?: string[]
  tags?: string[]
}

/** Settings of the in-process cache. */
export interface MemoryCacheOptions {
  /** Bound on the sum of the serialized values, in characters. Default 32 Mi. */
  maxSize?: number
  /** Bound on the number of entries. Default 20,000. */
  maxEntries?: number
  /** Tells other instances what to forget, and calls back with what they tell. Left out when there is one instance. */
  broadcast?: {
    publish(notice: CacheNotice): Promise<void>
    subscribe(handler: (notice: CacheNotice) => void): Promise<() => Promise<void>>
  }
}

interface Entry {
  value: unknown
  tags: readonly string[]
  size: number
}

interface Load {
  promise: Promise<unknown>
  tags: readonly string[]
  /** Set when the key or a tag was invalidated while loading: the result is handed out, but not kept. */
  stale: boolean
}

/**
 * The in-process cache: a bounded LRU map of frozen values. Reads cost no parsing and no round trip.
 * Each instance has entries of its own; with `broadcast`, what one forgets all forget.
 */
export async function createMemoryCache(options: MemoryCacheOptions = {}): Promise<Cache> {
  const stats = emptyCacheStats()
  const byTag = new Map<string, Set<string>>()
  const loads = new Map<string, Load>()
  const entries = new LRUCache<string, Entry>({
    max: options.maxEntries ?? 20_000,
    maxSize: options.maxSize ?? 32 * 1024 * 1024,
    sizeCalculation: (entry) => entry.size,
    dispose: (entry, key) => {
      for (const tag of entry.tags) {
        const keys = byTag.get(tag)
        keys?.delete(key)
        if (keys?.size === 0) byTag.delete(tag)
      }
    },
  })

  function forgetKey(key: string): boolean {
    const load = loads.get(key)
    if (load) load.stale = true
    return entries.delete(key)
  }

  function forgetTags(tags: readonly string[]): void {
    for (const tag of tags) for (const key of [...(byTag.get(tag) ?? [])]) entries.delete(key)
    for (const load of loads.values()) if (load.tags.some((tag) => tags.includes(tag))) load.stale = true
  }

  function store(key: string, value: unknown, { ttlMs, tags = [] }: CacheEntryOptions): void {
    const json = JSON.stringify(value)
    if (json === undefined) throw new TypeError(`a cached value must be JSON, and that of ${key} is not`)
    const ttl = boundedTtl(ttlMs)
    entries.set(key, { value: deepFreeze(JSON.parse(json)), tags, size: json.length + key.length + 1 }, { ttl })
    if (!entries.has(key)) return // larger than the whole cache
    stats.sets++
    for (const tag of tags) {
      const keys = byTag.get(tag)
      if (keys) keys.add(key)
      else byTag.set(tag, new Set([key]))
    }
  }

  function read<T>(key: string): T | undefined {
    const entry = entries.get(key)
    if (entry) stats.hits++
    else stats.misses++
    return entry?.value as T | undefined
  }

  const unsubscribe = await options.broadcast?.subscribe((notice) => {
    for (const key of notice.keys ?? []) forgetKey(key)
    if (notice.tags) forgetTags(notice.tags)
  })

  async function load<T>(key: string, entryOptions: CacheEntryOptions, loader: () => Promise<T>): Promise<T> {
    stats.loads++
    const current: Load = { promise: Promise.resolve(), tags: entryOptions.tags ?? [], stale: false }
    const run = async () => {
      try {
        const value = await loader()
        if (!current.stale && value !== undefined) store(key, value, entryOptions)
        return value
      } finally {
        if (loads.get(key) === current) loads.delete(key)
      }
    }
    loads.set(key, current)
    const promise = run()
    current.promise = promise
    return promise
  }

  return {
    backend: 'memory',
    async get(key) {
      return read(key)
    },
    async set(key, value, entryOptions) {
      const running = loads.get(key)
      if (running) running.stale = true
      store(key, value, entryOptions)
    },
    async delete(key) {
      stats.deletes++
      const found = forgetKey(key)
      await options.broadcast?.publish({ keys: [key] })
      return found
    },
    async invalidate(...tags) {
      stats.invalidations++
      forgetTags(tags)
      await options.broadcast?.publish({ tags })
    },
    async wrap<T>(key: string, entryOptions: CacheEntryOptions, loader: () => Promise<T>) {
      boundedTtl(entryOptions.ttlMs)
      const found = read<T>(key)
      if (found !== undefined) return found
      const running = loads.get(key)
      // A loader whose key was invalidated meanwhile may hold the old truth: later callers start afresh.
      if (running && !running.stale) {
        stats.joined++
        return (await running.promise) as T
      }
      return load(key, entryOptions, loader)
    },
    stats: () => ({ ...stats, entries: entries.size }),
    async close() {
      await unsubscribe?.()
      entries.clear()
    },
  }
}

function deepFreeze(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  for (const inner of Object.values(value)) deepFreeze(inner)
  return Object.freeze(value)
}

import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Redis } from 'ioredis'
import {
  boundedTtl,
  type Cache,
  type CacheEntryOptions,
  emptyCacheStats,
  MAX_CACHE_TTL_MS,
} from '../../contracts/cache.ts'

/** Settings of the shared cache. */
export interface RedisCacheOptions {
  /** A connected client; it stays the caller's to close. */
  redis: Redis
  /** Put before every key. Default `{parley}:cache:`; the braces keep all keys in one slot of a Redis cluster. */
  prefix?: string
  /** How long one instance may hold the right to load a key before another may try, ms. Default 10,000. */
  loadLockMs?: number
}

/** How often a caller that waits for another instance's loader looks again, in ms. */
const POLL_MS = 25

/*
 * An entry is a hash {v: JSON, t: names of its tags, m: their marks when it was written}. To invalidate a tag is to give
 * it a new mark: an entry whose marks differ from the present ones is a miss. That needs no list of keys per tag, and an
 * entry loaded before the invalidation but stored after it is stale from the first moment.
 */
const READ = `
local e = redis.call('HMGET', KEYS[1], 'v', 't', 'm')
if not e[1] then return false end
if e[2] then
  local tags = cjson.decode(e[2])
  for i, mark in ipairs(cjson.decode(e[3])) do
    if (redis.call('GET', ARGV[1] .. tags[i]) or '') ~= mark then
      redis.call('DEL', KEYS[1])
      return false
    end
  end
end
return e[1]`

const MARKS = `
local marks = {}
for i = 2, #ARGV do marks[#marks + 1] = redis.call('GET', ARGV[1] .. ARGV[i]) or '' end
return marks`

/* KEYS: entry, lock. ARGV: ttl, value, tags, marks, token of the loader ('' for a plain set). */
const WRITE = `
if ARGV[5] == '' then redis.call('DEL', KEYS[2])
elseif redis.call('GET', KEYS[2]) ~= ARGV[5] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'v', ARGV[2])
if ARGV[3] ~= '' then redis.call('HSET', KEYS[1], 't', ARGV[3], 'm', ARGV[4]) end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1`

const UNLOCK = `if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0`

/**
 * The shared cache on Redis or Valkey. Parallel `wrap`s of one key share one loader across all instances.
 * While Redis is away every read is a miss and every write is dropped (counted in `errors`): the caller goes on.
 * `invalidate` and `delete` reject then, because a forgotten invalidation would serve an old truth later.
 */
export function createRedisCache(options: RedisCacheOptions): Cache {
  const { redis, loadLockMs = 10_000 } = options
  const prefix = options.prefix ?? '{parley}:cache:'
  const stats = emptyCacheStats()
  const loads = new Map<string, { promise: Promise<unknown>; tags: readonly string[] }>()
  const entryKey = (key: string) => `${prefix}e:${key}`
  const lockKey = (key: string) => `${prefix}l:${key}`
  const tagPrefix = `${prefix}t:`

  async function orMiss<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch {
      stats.errors++
      return undefined
    }
  }

  async function read<T>(key: string): Promise<T | undefined> {
    const json = await orMiss(() => redis.eval(READ, 1, entryKey(key), tagPrefix))
    return typeof json === 'string' ? (JSON.parse(json) as T) : undefined
  }

  async function readCounted<T>(key: string): Promise<T | undefined> {
    const value = await read<T>(key)
    if (value === undefined) stats.misses++
    else stats.hits++
    return value
  }

  async function marksOf(tags: readonly string[]): Promise<string[]> {
    if (tags.length === 0) return []
    return (await redis.eval(MARKS, 0, tagPrefix, ...tags)) as string[]
  }

  async function write(key: string, value: unknown, entry: CacheEntryOptions, marks: string[], token: string) {
    const json = JSON.stringify(value)
    if (json === undefined) throw new TypeError(`a cached value must be JSON, and that of ${key} is not`)
    const tags = entry.tags?.length ? JSON.stringify(entry.tags) : ''
    const args = [boundedTtl(entry.ttlMs), json, tags, JSON.stringify(marks), token]
    const stored = await orMiss(() => redis.eval(WRITE, 2, entryKey(key), lockKey(key), ...args))
    if (stored === 1) stats.sets++
  }

  /** Waits for the instance that loads, or takes its place when it is gone. */
  async function lockOrValue<T>(key: string): Promise<{ token: string; value?: T }> {
    const token = randomUUID()
    const deadline = Date.now() + loadLockMs
    for (let joined = false; ; joined = true) {
      const locked = await orMiss(() => redis.set(lockKey(key), token, 'PX', loadLockMs, 'NX'))
      // No answer (Redis is away) or a holder that outlives its lock: load without a lock, store nothing.
      if (locked === undefined || Date.now() > deadline) return { token: 'none' }
      const value = joined || locked === 'OK' ? await read<T>(key) : undefined
      if (value !== undefined) {
        if (locked === 'OK') await orMiss(() => redis.eval(UNLOCK, 1, lockKey(key), token))
        stats.joined++
        return { token, value }
      }
      if (locked === 'OK') return { token }
      await sleep(POLL_MS, undefined, { ref: false })
    }
  }

  async function load<T>(key: string, entry: CacheEntryOptions, loader: () => Promise<T>): Promise<T> {
    const { token, value: theirs } = await lockOrValue<T>(key)
    if (theirs !== undefined) return theirs
    try {
      stats.loads++
      const marks = await orMiss(() => marksOf(entry.tags ?? []))
      const value = await loader()
      if (value !== undefined && marks) await write(key, value, entry, marks, token)
      return value
    } finally {
      await orMiss(() => redis.eval(UNLOCK, 1, lockKey(key), token))
    }
  }

  return {
    backend: 'redis',
    get: readCounted,
    async set(key, value, entry) {
      boundedTtl(entry.ttlMs)
      const marks = await orMiss(() => marksOf(entry.tags ?? []))
      if (marks) await write(key, value, entry, marks, '')
    },
    async delete(key) {
      stats.deletes++
      loads.delete(key)
      const [[, found] = []] = (await redis.multi().del(entryKey(key)).del(lockKey(key)).exec()) ?? []
      return found === 1
    },
    async invalidate(...tags) {
      stats.invalidations++
      for (const [key, running] of loads) if (running.tags.some((tag) => tags.includes(tag))) loads.delete(key)
      const marks = redis.multi()
      for (const tag of tags) marks.set(tagPrefix + tag, randomUUID(), 'PX', 2 * MAX_CACHE_TTL_MS)
      await marks.exec()
    },
    async wrap<T>(key: string, entry: CacheEntryOptions, loader: () => Promise<T>) {
      boundedTtl(entry.ttlMs)
      const found = await readCounted<T>(key)
      if (found !== undefined) return found
      const running = loads.get(key)
      if (running) {
        stats.joined++
        return (await running.promise) as T
      }
      const promise = load(key, entry, loader).finally(() => {
        if (loads.get(key)?.promise === promise) loads.delete(key)
      })
      loads.set(key, { promise, tags: entry.tags ?? [] })
      return promise
    },
    stats: () => ({ ...stats }),
    async close() {},
  }
}

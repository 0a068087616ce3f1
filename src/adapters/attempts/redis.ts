import type { Redis } from 'ioredis'
import type { Attempts } from '../../contracts/attempts.ts'

/** Settings of the counters on Redis. */
export interface RedisAttemptsOptions {
  /** A connected client; it stays the caller's to close. */
  redis: Redis
  /** Put before every key. @defaultValue `{parley}:attempts:`, whose braces keep all keys in one slot of a Redis cluster */
  prefix?: string
}

/* KEYS: windows. ARGV: their lengths, ms. Answers count and rest of each. */
const TAKE = `
local found = {}
for i, key in ipairs(KEYS) do
  local count = redis.call('INCR', key)
  local rest = redis.call('PTTL', key)
  if count == 1 or rest < 0 then
    redis.call('PEXPIRE', key, ARGV[i])
    rest = tonumber(ARGV[i])
  end
  found[#found + 1] = count
  found[#found + 1] = rest
end
return found`

const GIVE_BACK = `
for _, key in ipairs(KEYS) do
  if tonumber(redis.call('GET', key) or '0') > 0 then redis.call('DECR', key) end
end
return 1`

/** Counts attempts in Redis. */
export function createRedisAttempts({ redis, prefix = '{parley}:attempts:' }: RedisAttemptsOptions): Attempts {
  const named = (keys: readonly string[]) => keys.map((key) => prefix + key)
  return {
    backend: 'redis',
    async take(windows) {
      const keys = windows.map(({ key }) => key)
      const lengths = windows.map(({ windowMs }) => Math.ceil(windowMs))
      const found = (await redis.eval(TAKE, keys.length, ...named(keys), ...lengths)) as number[]
      return keys.map((key, index) => ({
        key,
        count: Number(found[index * 2]),
        resetsInMs: Number(found[index * 2 + 1]),
      }))
    },
    async giveBack(keys) {
      if (keys.length > 0) await redis.eval(GIVE_BACK, keys.length, ...named(keys))
    },
    async close() {},
  }
}

import { Redis } from 'ioredis'
import type { Test } from 'tap'
import { findTestRedis, type TestRedis } from './redis-server.ts'

let own: Promise<TestRedis | undefined> | undefined

/** The Redis of this test run (`npm test` hands it over, or says there is none), else one that this test file finds or starts. */
async function serverUrl(): Promise<string | undefined> {
  const given = process.env.TEST_REDIS_URL
  if (given !== undefined) return given === '' ? undefined : given
  if (!own) {
    own = findTestRedis()
    const found = await own
    process.once('beforeExit', () => void found?.stop())
  }
  return (await own)?.url
}

/**
 * URL of an empty Redis database for this test alone, or undefined after having skipped `t` by name because there is no Redis (with
 * REQUIRE_SERVICES=1: failed it). Only a database that was found empty is taken, so nobody's data can be lost. Pub/sub channels are
 * shared by all databases of a Redis: use names of your own there.
 */
export async function testRedis(t: Test): Promise<string | undefined> {
  const url = await serverUrl()
  if (url === undefined) {
    missingService(t, 'Redis: set REDIS_URL, or install redis-server or valkey-server')
    return undefined
  }
  for (let index = 1; index < 16; index++) {
    const redis = new Redis(withDatabase(url, index))
    if ((await redis.dbsize()) === 0 && (await redis.set('parley:test:lock', process.pid, 'EX', 600, 'NX')) === 'OK') {
      t.teardown(async () => {
        await redis.flushdb()
        redis.disconnect()
      })
      return withDatabase(url, index)
    }
    redis.disconnect()
  }
  throw new Error('No empty database is left on the Redis of this test run')
}

/** Skips `t` because a service is not there; a failure instead where REQUIRE_SERVICES=1 says that all must be. */
export function missingService(t: Test, what: string): void {
  if (process.env.REQUIRE_SERVICES === '1') t.fail(`needs ${what}`)
  else t.pass('skipped', { skip: `needs ${what}` })
}

function withDatabase(url: string, index: number): string {
  const other = new URL(url)
  other.pathname = `/${index}`
  return other.href
}

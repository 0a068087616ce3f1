import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { type CacheNotice, createMemoryCache } from '../../src/adapters/cache/memory.ts'
import { createRedisCache } from '../../src/adapters/cache/redis.ts'
import type { Cache } from '../../src/contracts/cache.ts'
import { testRedis } from '../helpers/redis.ts'

/** One row for each backend: how to make two instances that share what they should share. */
interface Twin {
  name: string
  /** Address of the service; undefined, with the test skipped by name, where it is not there. */
  find(t: Test): Promise<string | undefined>
  open(t: Test, url: string): Promise<[Cache, Cache]>
}

const twins: Twin[] = [
  {
    name: 'memory',
    find: async () => '',
    async open(t) {
      const handlers = new Set<(notice: CacheNotice) => void>()
      const broadcast = {
        publish: async (notice: CacheNotice) => {
          for (const handler of handlers) handler(notice)
        },
        subscribe: async (handler: (notice: CacheNotice) => void) => {
          handlers.add(handler)
          return async () => void handlers.delete(handler)
        },
      }
      const pair: [Cache, Cache] = [await createMemoryCache({ broadcast }), await createMemoryCache({ broadcast })]
      t.teardown(async () => {
        await Promise.all(pair.map((cache) => cache.close()))
      })
      return pair
    },
  },
  {
    name: 'redis',
    find: testRedis,
    async open(t, url) {
      const prefix = `test:${randomUUID()}:`
      const clients = [new Redis(url), new Redis(url)] as const
      t.teardown(async () => {
        await Promise.all(clients.map((client) => client.quit()))
      })
      return [createRedisCache({ redis: clients[0], prefix }), createRedisCache({ redis: clients[1], prefix })]
    },
  },
]

for (const twin of twins) {
  t.test(`cache on ${twin.name}`, async (t) => {
    const url = await twin.find(t)
    if (url === undefined) return
    t.test('keeps JSON values, null included, until deleted', async (t) => {
      const [cache] = await twin.open(t, url)
      for (const value of [0, '', false, null, 'text', [1, { a: 'b' }], { deep: { list: [null] } }]) {
        await cache.set('key', value, { ttlMs: 10_000 })
        t.strictSame(await cache.get('key'), value)
      }
      t.equal(await cache.delete('key'), true)
      t.equal(await cache.delete('key'), false)
      t.equal(await cache.get('key'), undefined)
      await t.rejects(cache.set('key', undefined, { ttlMs: 1_000 }), TypeError)
      await t.rejects(cache.set('key', 1, { ttlMs: 0 }), TypeError)
      t.equal(cache.backend, twin.name)
    })

    t.test('a changed answer or argument does not change what is kept', async (t) => {
      const [cache] = await twin.open(t, url)
      const given = { list: [1] }
      await cache.set('key', given, { ttlMs: 10_000 })
      given.list.push(2)
      const got = await cache.get<{ list: number[] }>('key')
      try {
        got?.list.push(3)
      } catch {}
      t.strictSame(await cache.get('key'), { list: [1] })
    })

    t.test('an entry ends with its time to live', async (t) => {
      const [cache] = await twin.open(t, url)
      await cache.set('short', 1, { ttlMs: 30 })
      await cache.set('long', 2, { ttlMs: 60_000 })
      await until(async () => (await cache.get('short')) === undefined)
      t.equal(await cache.get('long'), 2)
    })

    t.test('invalidate forgets by tag, here and on the other instance', async (t) => {
      const [a, b] = await twin.open(t, url)
      for (const cache of [a, b]) {
        await cache.set('one', 1, { ttlMs: 60_000, tags: ['user:1', 'all'] })
        await cache.set('two', 2, { ttlMs: 60_000, tags: ['user:2', 'all'] })
        await cache.set('three', 3, { ttlMs: 60_000 })
      }
      await a.invalidate('user:1')
      for (const cache of [a, b]) t.strictSame(await all(cache, 'one', 'two', 'three'), [undefined, 2, 3])
      await b.invalidate('all', 'unknown')
      for (const cache of [a, b]) t.strictSame(await all(cache, 'one', 'two', 'three'), [undefined, undefined, 3])
      await a.set('one', 4, { ttlMs: 60_000, tags: ['user:1'] })
      t.equal(await a.get('one'), 4, 'a tag can be used again')
      await b.delete('one')
      t.equal(await a.get('one'), undefined, 'a delete reaches the other instance')
    })

    t.test('wrap loads once for many callers, and again when there is nothing kept', async (t) => {
      const [cache] = await twin.open(t, url)
      let runs = 0
      const gate = withResolvers<void>()
      const load = async () => {
        runs++
        await gate.promise
        return { runs }
      }
      const calls = Array.from({ length: 20 }, () => cache.wrap('key', { ttlMs: 60_000 }, load))
      gate.resolve()
      for (const value of await Promise.all(calls)) t.strictSame(value, { runs: 1 })
      t.strictSame(await cache.wrap('key', { ttlMs: 60_000 }, load), { runs: 1 })
      await cache.delete('key')
      t.strictSame(await cache.wrap('key', { ttlMs: 60_000 }, load), { runs: 2 })
      const stats = cache.stats()
      t.match(stats, { loads: 2, joined: 19, hits: 1, sets: 2, deletes: 1, errors: 0 })
    })

    t.test('a loader that fails keeps nothing, and all who wait hear of it', async (t) => {
      const [cache] = await twin.open(t, url)
      const fail = () => cache.wrap('key', { ttlMs: 60_000 }, () => Promise.reject(new Error('no luck')))
      for (const result of await Promise.allSettled([fail(), fail()])) t.equal(result.status, 'rejected')
      t.equal(await cache.wrap('key', { ttlMs: 60_000 }, async () => 'luck'), 'luck')
      t.equal(await cache.wrap('none', { ttlMs: 60_000 }, async () => undefined), undefined)
      t.equal(await cache.wrap('none', { ttlMs: 60_000 }, async () => 'some'), 'some', 'undefined is not kept')
    })

    for (const [how, forget] of [
      ['invalidate', (cache: Cache) => cache.invalidate('tag')],
      ['delete', (cache: Cache) => cache.delete('key')],
    ] as const) {
      t.test(`what is loaded across ${how} is not kept`, async (t) => {
        const [cache, other] = await twin.open(t, url)
        for (const writer of [cache, other]) {
          const gate = withResolvers<string>()
          const started = withResolvers<void>()
          const entry = { ttlMs: 60_000, tags: ['tag'] }
          const old = cache.wrap('key', entry, () => {
            started.resolve()
            return gate.promise
          })
          await started.promise
          await forget(writer)
          gate.resolve('old')
          t.equal(await old, 'old')
          t.equal(await cache.get('key'), undefined)
          t.equal(await cache.wrap('key', entry, async () => 'new'), 'new')
          await cache.delete('key')
        }
      })
    }

    t.test(
      'parallel readers, writers and invalidations never serve what was invalidated before the call',
      async (t) => {
        const [a, b] = await twin.open(t, url)
        let truth = 0
        const entry = { ttlMs: 60_000, tags: ['truth'] }
        for (let round = 1; round <= 25; round++) {
          const load = async () => truth
          await Promise.all([a.wrap('t', entry, load), b.wrap('t', entry, load)])
          truth = round
          await (round % 2 ? a : b).invalidate('truth')
          t.strictSame(await Promise.all([a.wrap('t', entry, load), b.wrap('t', entry, load)]), [round, round])
        }
      },
    )
  })
}

t.test('memory: bounded by entries and by size', async (t) => {
  const cache = await createMemoryCache({ maxEntries: 10, maxSize: 1_000 })
  for (let i = 0; i < 50; i++) await cache.set(`k${i}`, i, { ttlMs: 60_000, tags: ['t'] })
  t.equal(cache.stats().entries, 10)
  await cache.set('big', 'x'.repeat(2_000), { ttlMs: 60_000 })
  t.equal(await cache.get('big'), undefined, 'one larger than the whole cache is not kept')
  await cache.close()
})

t.test('redis: two instances share one loader; away means a miss', async (t) => {
  const url = await testRedis(t)
  if (url === undefined) return
  const [a, b] = await twins[1]!.open(t, url)
  let runs = 0
  const gate = withResolvers<void>()
  const load = async () => {
    runs++
    await gate.promise
    return runs
  }
  const both = [a.wrap('key', { ttlMs: 60_000 }, load), b.wrap('key', { ttlMs: 60_000 }, load)]
  await until(async () => runs > 0)
  gate.resolve()
  t.strictSame(await Promise.all(both), [1, 1])

  const client = new Redis({ port: 1, lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null })
  client.on('error', () => {})
  const away = createRedisCache({ redis: client })
  t.equal(await away.get('key'), undefined)
  await away.set('key', 1, { ttlMs: 1_000 })
  t.equal(await away.wrap('key', { ttlMs: 1_000 }, async () => 'loaded'), 'loaded')
  t.ok(away.stats().errors > 0)
  await t.rejects(away.invalidate('tag'))
})

async function all(cache: Cache, ...keys: string[]): Promise<unknown[]> {
  return Promise.all(keys.map((key) => cache.get(key)))
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10))
}

/** `Promise.withResolvers`, which Node 20 lacks. */
function withResolvers<T>() {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

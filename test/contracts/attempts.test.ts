import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { createFallbackAttempts } from '../../src/adapters/attempts/fallback.ts'
import { createPostgresAttempts } from '../../src/adapters/attempts/postgres.ts'
import { createRedisAttempts } from '../../src/adapters/attempts/redis.ts'
import type { Attempts } from '../../src/contracts/attempts.ts'
import { createDatabase } from '../../src/db/database.ts'
import { testDatabase } from '../helpers/database.ts'
import { testRedis } from '../helpers/redis.ts'

/** One row for each backend: two instances that share their counts; undefined, with the test skipped by name, where the service is not there. */
const twins: { name: string; open(t: Test): Promise<[Attempts, Attempts] | undefined> }[] = [
  {
    name: 'postgres',
    async open(t) {
      const url = await testDatabase(t)
      const onError = (error: unknown) => t.fail(String(error))
      const databases = [1, 2].map(() => createDatabase({ url, max: 4, onListenerError: onError }))
      const pair = databases.map((db) => createPostgresAttempts({ db, onError })) as [Attempts, Attempts]
      t.teardown(async () => {
        await Promise.all(pair.map((attempts) => attempts.close()))
        await Promise.all(databases.map((db) => db.close()))
      })
      return pair
    },
  },
  {
    name: 'redis',
    async open(t) {
      const url = await testRedis(t)
      if (url === undefined) return undefined
      const prefix = `test:${randomUUID()}:`
      const clients = [new Redis(url), new Redis(url)]
      t.teardown(async () => {
        await Promise.all(clients.map((client) => client.quit()))
      })
      return clients.map((redis) => createRedisAttempts({ redis, prefix })) as [Attempts, Attempts]
    },
  },
]

for (const { name, open } of twins) {
  t.test(`attempts on ${name}`, async (t) => {
    const pair = await open(t)
    if (pair === undefined) return
    const [one, two] = pair

    const first = await one.take([{ key: 'a', windowMs: 60_000 }])
    t.match(first, [{ key: 'a', count: 1 }])
    t.ok(
      (first[0]?.resetsInMs ?? 0) > 50_000 && (first[0]?.resetsInMs ?? 0) <= 60_000,
      'the window runs from the first',
    )
    const many = await Promise.all(
      Array.from({ length: 100 }, (_, index) => one.take([{ key: `many:${index}`, windowMs: 60_000 }])),
    )
    t.same(
      many.flat().filter(({ resetsInMs }) => resetsInMs > 60_000),
      [],
      'no window is longer than asked, not even by a rounding',
    )
    const both = await two.take([
      { key: 'b', windowMs: 1000 },
      { key: 'a', windowMs: 120_000 },
    ])
    t.match(both, [
      { key: 'b', count: 1 },
      { key: 'a', count: 2 },
    ])
    t.ok((both[1]?.resetsInMs ?? 0) <= 60_000, 'a window never grows longer')

    const parallel = await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        (index % 2 ? one : two).take((index % 3 ? ['x', 'y'] : ['y', 'x']).map((key) => ({ key, windowMs: 60_000 }))),
      ),
    )
    const counts = parallel
      .flat()
      .filter(({ key }) => key === 'x')
      .map(({ count }) => count)
    t.same(
      counts.sort((a, b) => a - b),
      Array.from({ length: 40 }, (_, index) => index + 1),
      'each attempt counts once',
    )

    await one.giveBack(['a', 'b', 'never'])
    await one.giveBack(['b', 'b'])
    await two.giveBack([])
    t.match(await two.take([{ key: 'a', windowMs: 60_000 }]), [{ count: 2 }], 'what is given back does not count')
    t.match(await two.take([{ key: 'b', windowMs: 60_000 }]), [{ count: 1 }], 'and no count goes below zero')

    let count = 0
    do count = (await one.take([{ key: 'short', windowMs: 30 }]))[0]?.count ?? 0
    while (count === 1)
    do count = (await one.take([{ key: 'short', windowMs: 30 }]))[0]?.count ?? 0
    while (count !== 1)
    t.pass('a window that has ended begins anew')
  })
}

t.test('while one backend is away, the other counts', async (t) => {
  const errors: unknown[] = []
  const away: Attempts = {
    backend: 'redis',
    take: () => Promise.reject(new Error('away')),
    giveBack: () => Promise.reject(new Error('away')),
    close: async () => {},
  }
  const twin = twins[0] as (typeof twins)[0]
  const [inPostgres] = (await twin.open(t)) as [Attempts, Attempts]
  const attempts = createFallbackAttempts(away, inPostgres, (error) => errors.push(error))
  t.match(await attempts.take([{ key: 'a', windowMs: 60_000 }]), [{ count: 1 }])
  await attempts.giveBack(['a'])
  t.match(await attempts.take([{ key: 'a', windowMs: 60_000 }]), [{ count: 1 }])
  t.equal(errors.length, 3, 'and the operator is told')
})

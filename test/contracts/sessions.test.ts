import { randomUUID } from 'node:crypto'
import { Redis } from 'ioredis'
import t, { type Test } from 'tap'
import { createPostgresSessions } from '../../src/adapters/sessions/postgres.ts'
import { createRedisSessions } from '../../src/adapters/sessions/redis.ts'
import type { PubSub } from '../../src/contracts/pubsub.ts'
import type { LoadStanding, SessionLookup, SessionStanding } from '../../src/contracts/sessions.ts'
import { testRedis } from '../helpers/redis.ts'

/** A bus of this process; `cut` loses what is published. */
function localBus() {
  const handlers = new Map<string, Set<(payload: string) => void>>()
  const bus = {
    cut: false,
    publish: async (channel: string, payload: string) => {
      if (!bus.cut) for (const handler of handlers.get(channel) ?? []) handler(payload)
    },
    subscribe: async (channel: string, handler: (payload: string) => void) => {
      const all = handlers.get(channel) ?? new Set()
      handlers.set(channel, all.add(handler))
      return async () => void all.delete(handler)
    },
    onReconnect: () => () => {},
  }
  return bus
}

interface Options {
  load: LoadStanding
  pubsub: PubSub
  ttlMs: number
}
/** One row for each backend: how to make two instances; undefined, with the test skipped by name, where the service is not there. */
const twins: { name: string; open(t: Test, options: Options): Promise<[SessionLookup, SessionLookup] | undefined> }[] =
  [
    {
      name: 'postgres',
      open: async (_t, options) => [await createPostgresSessions(options), await createPostgresSessions(options)],
    },
    {
      name: 'redis',
      async open(t, options) {
        const url = await testRedis(t)
        if (url === undefined) return undefined
        const prefix = `test:${randomUUID()}:`
        const clients = [new Redis(url), new Redis(url)] as const
        t.teardown(async () => {
          await Promise.all(clients.map((client) => client.quit()))
        })
        const onError = (error: unknown) => t.fail(String(error))
        return [
          await createRedisSessions({ ...options, redis: clients[0], prefix, onError }),
          await createRedisSessions({ ...options, redis: clients[1], prefix, onError }),
        ]
      },
    },
  ]

const LIVE: SessionStanding = {
  userId: 'ada',
  role: 'user',
  tier: 'free',
  disabled: false,
  ended: false,
  endsAt: Date.now() + 3_600_000,
}

for (const { name, open } of twins) {
  t.test(`session look-up on ${name}`, async (t) => {
    const table = new Map<string, SessionStanding>([
      ['one', LIVE],
      ['two', { ...LIVE, role: 'admin' }],
    ])
    let loads = 0
    let gate: Promise<unknown> = Promise.resolve()
    const load: LoadStanding = async (sessionId) => {
      loads += 1
      const found = table.get(sessionId)
      await gate
      if (sessionId === 'broken') throw new Error('the database is away')
      return found
    }
    const pubsub = localBus()
    const pair = await open(t, { load, pubsub: pubsub as unknown as PubSub, ttlMs: 60_000 })
    if (pair === undefined) return
    t.teardown(async () => {
      await Promise.all(pair.map((lookup) => lookup.close()))
    })
    const [here, there] = pair

    t.same(await Promise.all([here.find('ada', 'one'), here.find('ada', 'one'), here.find('ada', 'two')]), [
      LIVE,
      LIVE,
      table.get('two'),
    ])
    t.equal(loads, 2, 'parallel callers share one look-up')
    await here.find('ada', 'one')
    t.equal(loads, 2, 'and it is kept')
    t.equal(await here.find('ada', 'never'), undefined, 'a session that never was')
    await there.find('ada', 'one')

    table.set('one', { ...LIVE, ended: true })
    const forgotten = here.forget('ada')
    t.match(await here.find('ada', 'one'), { ended: true }, 'forgotten here at once, before it is elsewhere')
    await forgotten
    t.match(await there.find('ada', 'one'), { ended: true }, 'and on the other instance')
    t.match(await there.find('ada', 'two'), { role: 'admin', ended: false }, 'with the user’s other sessions')

    let open_: () => void = () => {}
    gate = new Promise<void>((resolve) => {
      open_ = resolve
    })
    const late = there.find('eve', 'two')
    table.set('two', { ...LIVE, role: 'user' })
    await here.forget('eve')
    open_()
    await late
    t.match(
      await there.find('eve', 'two'),
      { role: 'user' },
      'a look-up under way does not bring the old standing back',
    )
    t.match(await here.find('eve', 'two'), { role: 'user' })

    await t.rejects(here.find('ada', 'broken'), /away/)
    const before = loads
    await t.rejects(here.find('ada', 'broken'), /away/)
    t.equal(loads, before + 1, 'a failure is not kept')
  })

  t.test(`session look-up on ${name}: news that get lost cost time, not truth`, async (t) => {
    const table = new Map([['one', LIVE]])
    const pubsub = localBus()
    const load: LoadStanding = async (sessionId) => table.get(sessionId)
    const pair = await open(t, { load, pubsub: pubsub as unknown as PubSub, ttlMs: 50 })
    if (pair === undefined) return
    const [here, there] = pair
    await there.find('ada', 'one')
    pubsub.cut = true
    table.set('one', { ...LIVE, ended: true })
    await here.forget('ada')
    while (!(await there.find('ada', 'one'))?.ended) await new Promise((resolve) => setImmediate(resolve))
    t.pass('the other instance asks again when its time is up')
    await Promise.all(pair.map((lookup) => lookup.close()))
  })
}

t.test('while Redis is away, the database answers, and the change is marked when it is back', async (t) => {
  const errors: unknown[] = []
  const redis = new Redis({ port: 1, lazyConnect: true, retryStrategy: () => null, maxRetriesPerRequest: 0 })
  redis.on('error', () => {})
  const lookup = await createRedisSessions({
    redis,
    pubsub: localBus() as unknown as PubSub,
    load: async () => LIVE,
    onError: (error) => errors.push(error),
  })
  t.same(await lookup.find('ada', 'one'), LIVE)
  t.ok(errors.length > 0, 'and the operator is told')
  await lookup.close()
  redis.disconnect()
})

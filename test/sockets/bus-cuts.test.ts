import t, { type Test } from 'tap'
import { createPostgresPubSub } from '../../src/adapters/pubsub/postgres.ts'
import { createRedisPubSub } from '../../src/adapters/pubsub/redis.ts'
import { createEventBus } from '../../src/events/bus.ts'
import { testDatabase } from '../helpers/database.ts'
import { type FaultyProxy, faultyProxy } from '../helpers/faulty-proxy.ts'
import { seededRandom } from '../helpers/random.ts'
import { testRedis } from '../helpers/redis.ts'
import { createMemoryLog, createWorld, topicNumber } from './world.ts'

const topic = topicNumber(1)
const upTo = (count: number) => Array.from({ length: count }, (_, index) => index + 1)
let namespaces = 0

const BACKENDS = {
  postgres: { address: testDatabase, create: createPostgresPubSub, port: 5432 },
  redis: { address: testRedis, create: createRedisPubSub, port: 6379 },
} as const

/** What happens to the bus of one instance, and how it ends where it does not end by itself. */
const FAULTS: Record<string, { strike: (proxy: FaultyProxy) => void; heal?: (proxy: FaultyProxy) => void }> = {
  'cut, and refused for a while': { strike: (proxy) => proxy.partition(), heal: (proxy) => proxy.heal() },
  'half-closed': { strike: (proxy) => proxy.halfCloseAll() },
  'stalled: open, and nothing comes through any more': { strike: (proxy) => proxy.freeze() },
}

/** Two instances on one log; their clocks stand still, so that nothing is found by looking now and then. */
async function instances(t: Test, backend: (typeof BACKENDS)[keyof typeof BACKENDS], url: string) {
  const namespace = `cuts_${process.pid}_${namespaces++}`
  const address = new URL(url)
  const target = Number(address.port || backend.port)
  const proxy = await faultyProxy(t, { random: seededRandom(1), target: () => target })
  address.host = `127.0.0.1:${proxy.port}`
  const log = createMemoryLog()
  const one = async (through: string) => {
    const onError = () => {}
    const pubsub = await backend.create({
      url: through,
      namespace,
      onError,
      probeIntervalMs: 100,
      healthTimeoutMs: 1000,
    })
    const bus = await createEventBus({ pubsub, onError })
    const world = await createWorld({ log, pubsub })
    bus.onCarried(world.hub.offer)
    bus.onPointers(world.hub.point)
    bus.onMissed(world.hub.reconcile)
    t.teardown(async () => {
      await bus.close()
      await world.close()
      await pubsub.close()
    })
    return {
      world,
      /** Commits an event on this instance. */
      commit() {
        const event = log.write(topic)
        world.hub.offer([event])
        bus.committed([event])
      },
    }
  }
  return { proxy, near: await one(url), far: await one(address.href) }
}

for (const [name, backend] of Object.entries(BACKENDS)) {
  for (const [fault, { strike, heal }] of Object.entries(FAULTS)) {
    t.test(`the bus of an instance, over ${name}, is ${fault}`, async (t) => {
      const url = await backend.address(t)
      if (url === undefined) return
      const { proxy, near, far } = await instances(t, backend, url)
      const [here, there] = [await near.world.as('anna'), await far.world.as('ben')]
      for (const client of [here, there]) await client.ask({ type: 'subscribe', topic })
      near.commit()
      far.commit()
      for (const client of [here, there]) t.same(await client.upTo(topic, 2), upTo(2), 'the bus carries, both ways')

      strike(proxy)
      for (let n = 0; n < 5; n += 1) near.commit()
      for (let n = 0; n < 5; n += 1) far.commit()
      heal?.(proxy)
      t.same(await there.upTo(topic, 12), upTo(12), 'it catches up with what it was not told')
      t.same(await here.upTo(topic, 12), upTo(12), 'and the others with what it could not tell')

      near.commit()
      t.same(await there.upTo(topic, 13), upTo(13))
      far.commit()
      t.same(await here.upTo(topic, 14), upTo(14), 'and the bus carries again')
    })
  }
}

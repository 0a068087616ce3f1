import { randomUUID } from 'node:crypto'
import t, { type Test } from 'tap'
import { createPostgresPubSub } from '../../src/adapters/pubsub/postgres.ts'
import { createRedisPubSub } from '../../src/adapters/pubsub/redis.ts'
import type { StoredEvent } from '../../src/contracts/events.ts'
import type { PubSub, PubSubOptions } from '../../src/contracts/pubsub.ts'
import { createEventBus, type Pointer } from '../../src/events/bus.ts'
import { person } from '../helpers/app.ts'
import { testDatabase } from '../helpers/database.ts'
import { testRedis } from '../helpers/redis.ts'
import { pair, room } from '../sockets/listening.ts'

let namespaces = 0

/** Two instances on one bus: what the second hears of the first, in the order in which it does. */
async function world(t: Test, create: (options: PubSubOptions & { url: string }) => Promise<PubSub>, url: string) {
  const namespace = `bus_${process.pid}_${namespaces++}`
  const onError = (error: unknown) => t.fail(String(error))
  const [here, there] = [await create({ url, namespace, onError }), await create({ url, namespace, onError })]
  const [one, two] = [await createEventBus({ pubsub: here, onError }), await createEventBus({ pubsub: there, onError })]
  const heard: { records?: readonly StoredEvent[]; pointers?: readonly Pointer[] }[] = []
  const waiting = new Set<() => void>()
  const note = (one: (typeof heard)[number]) => {
    heard.push(one)
    for (const look of waiting) look()
  }
  two.onCarried((records) => note({ records }))
  two.onPointers((pointers) => note({ pointers }))
  t.teardown(async () => {
    for (const one of [here, there]) await one.close()
  })
  /** Until a pointer to this number came: it is the last that is told of a turn. */
  const upTo = (seq: number) =>
    new Promise<void>((resolve) => {
      const look = () => {
        if (!heard.some(({ pointers }) => pointers?.some(([, at]) => at === seq))) return
        waiting.delete(look)
        resolve()
      }
      waiting.add(look)
      look()
    })
  return { here, one, heard, upTo }
}

const topic = `conversation:${randomUUID()}`
const event = (seq: number, content = `${seq}`): StoredEvent => ({
  topic,
  epoch: 'e',
  seq,
  name: 'message.created',
  data: { id: randomUUID(), seq, content, absent: undefined } as never,
})
const asTold = (events: StoredEvent[]) => JSON.parse(JSON.stringify(events)) as StoredEvent[]

t.test('over Redis, small records ride along', async (t) => {
  const url = await testRedis(t)
  if (url === undefined) return

  await t.test('as they are stored, before their pointers', async (t) => {
    const { one, heard, upTo } = await world(t, createRedisPubSub, url)
    const events = [event(1), event(2, 'ünï 😀 "'), event(3)]
    one.committed(events.slice(0, 2))
    one.committed(events.slice(2))
    await upTo(3)
    t.strictSame(heard, [{ records: asTold(events) }, { pointers: [[topic, 3]] }])
  })

  await t.test('a big one is left where it is', async (t) => {
    const { one, heard, upTo } = await world(t, createRedisPubSub, url)
    const small = event(2)
    one.committed([event(1, 'x'.repeat(20_000)), small])
    await upTo(2)
    t.strictSame(heard, [{ records: asTold([small]) }, { pointers: [[topic, 2]] }])
  })

  await t.test('many go in several messages, in order, the pointers with the last', async (t) => {
    const { one, heard, upTo } = await world(t, createRedisPubSub, url)
    const events = Array.from({ length: 100 }, (_, index) => event(index + 1, 'ü'.repeat(3000)))
    one.committed(events)
    await upTo(100)
    t.strictSame(
      heard.flatMap(({ records = [] }) => records),
      asTold(events),
    )
    t.ok(heard.length > 5, `${heard.length} messages`)
    t.strictSame(heard.at(-1), { pointers: [[topic, 100]] })
  })

  await t.test('an instance of an earlier version tells pointers alone', async (t) => {
    const { here, heard, upTo } = await world(t, createRedisPubSub, url)
    await here.publish('events', JSON.stringify([randomUUID(), [[topic, 7]]]))
    await upTo(7)
    t.strictSame(heard, [{ pointers: [[topic, 7]] }])
  })

  await t.test('nobody reads the table for a message of another instance', async (t) => {
    const { a, b } = await pair(t, { REDIS_URL: url })
    const ada = await person(a.app, 'ada')
    const { id, topic } = await room(ada)
    const onB = await b.open(ada)
    await onB.ask({ type: 'subscribe', topic })
    for (let n = 0; n < 20; n += 1) await ada.post(`/api/conversations/${id}/messages`, { content: `${n}` })
    t.same(
      await onB.upTo(topic, 20),
      Array.from({ length: 20 }, (_, index) => index + 1),
    )
    t.equal(b.app.hub.stats().feeds.gaps, 0)
  })
})

t.test('over PostgreSQL, only pointers travel', async (t) => {
  const { one, heard, upTo } = await world(t, createPostgresPubSub, await testDatabase(t))
  one.committed([event(1), event(2)])
  await upTo(2)
  t.strictSame(heard, [{ pointers: [[topic, 2]] }])
})

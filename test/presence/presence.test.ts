import t from 'tap'
import type { ServerFrame } from '../../src/contracts/frames.ts'
import { createPresence, type Status } from '../../src/presence/service.ts'
import { createTyping } from '../../src/presence/typing.ts'
import { createMemoryBus } from '../sockets/world.ts'

const room = 'conversation:1'

/** Instances that share a bus and a clock. */
async function world(count: number) {
  const bus = createMemoryBus()
  const timers: { ms: number; handler: () => void; next: number }[] = []
  let now = 0
  const every = (ms: number, handler: () => void) => {
    const timer = { ms, handler, next: now + ms }
    timers.push(timer)
    return () => void timers.splice(timers.indexOf(timer), 1)
  }
  const errors: unknown[] = []
  const instances = await Promise.all(
    Array.from({ length: count }, async () => {
      const shown: string[] = []
      const show = (_topic: string, userId: string, status: Status) => void shown.push(`${userId} ${status}`)
      const presence = await createPresence({
        pubsub: bus.connect(),
        show,
        onError: (error) => errors.push(error),
        now: () => now,
        every,
      })
      return { ...presence, shown, news: () => shown.splice(0) }
    }),
  )
  const settle = () => new Promise((resolve) => setImmediate(resolve))
  return {
    bus,
    instances,
    errors,
    settle,
    async move(ms: number) {
      for (const end = now + ms; now < end; ) {
        now += 1000
        for (const timer of [...timers]) {
          if (timer.next > now) continue
          timer.next += timer.ms
          timer.handler()
        }
        await settle()
      }
    },
  }
}

t.test('somebody is there once, whatever the number of tabs and instances', async (t) => {
  const { instances, settle, move } = await world(2)
  const [a, b] = instances as [(typeof instances)[0], (typeof instances)[0]]
  a.join(room, 'anna', 'c1')
  a.join(room, 'anna', 'c2')
  b.join(room, 'anna', 'c3')
  await settle()
  t.same([a.news(), b.news()], [['anna online'], ['anna online']])
  t.same(a.present(room), [{ userId: 'anna', status: 'online' }])
  a.leave(room, 'anna', 'c1')
  a.leave(room, 'anna', 'c2')
  await move(12_000)
  t.same([a.news(), b.news()], [[], []], 'still there by the other instance')
  b.leave(room, 'anna', 'c3')
  await move(9000)
  t.same([a.news(), b.news()], [[], []], 'not gone at once')
  b.join(room, 'anna', 'c4')
  await move(12_000)
  t.same([a.news(), b.news()], [[], []], 'a reload is no coming and going')
  b.leave(room, 'anna', 'c4')
  await move(12_000)
  t.same([a.news(), b.news()], [['anna offline'], ['anna offline']])
  t.same(b.present(room), [])
})

t.test('a chosen status holds wherever the user is', async (t) => {
  const { instances, settle } = await world(2)
  const [a, b] = instances as [(typeof instances)[0], (typeof instances)[0]]
  a.join(room, 'anna', 'c1')
  a.choose('anna', 'away')
  a.join('conversation:2', 'anna', 'c1')
  b.join(room, 'anna', 'c2')
  await settle()
  t.same(b.present('conversation:2'), [{ userId: 'anna', status: 'away' }])
  t.same(b.present(room), [{ userId: 'anna', status: 'online' }], 'active on one instance is active')
  b.choose('anna', 'busy')
  await settle()
  t.same(a.present(room), [{ userId: 'anna', status: 'busy' }])
})

t.test('an instance that died is forgotten, and one that missed something learns it', async (t) => {
  const { bus, instances, settle, move } = await world(2)
  const [a, b] = instances as [(typeof instances)[0], (typeof instances)[0]]
  bus.lost = true
  a.join(room, 'anna', 'c1')
  await settle()
  t.same(b.news(), [])
  bus.heal()
  await settle()
  t.same(b.news(), ['anna online'])
  bus.lost = true
  await move(120_000)
  t.same(b.news(), ['anna offline'])
  bus.heal()
  await settle()
  t.same(b.news(), ['anna online'])
  await a.close()
  await settle()
  t.same(b.news(), ['anna offline'], 'one that closes says so')
})

t.test('in a big room nobody is told', async (t) => {
  const { instances, move } = await world(1)
  const [a] = instances as [(typeof instances)[0]]
  for (let n = 0; n < 300; n += 1) a.join(room, `u${n}`, `c${n}`)
  t.equal(a.news().length, 50, 'while it was small, and as many as a second takes')
  await move(3000)
  t.same(a.news(), [])
  t.same(a.present(room), [])
})

t.test('many at once are told fifty in a second, and the rest as they are by then', async (t) => {
  const { instances, move } = await world(1)
  const [a] = instances as [(typeof instances)[0]]
  for (let n = 0; n < 80; n += 1) a.join(room, `u${n}`, `c${n}`)
  t.equal(a.news().length, 50)
  a.choose('u79', 'busy')
  t.same(a.news(), [])
  await move(1000)
  const late = a.news()
  t.equal(late.length, 30)
  t.same(late.at(-1), 'u79 busy', 'once, with the newest')
  for (const status of ['away', 'online', 'busy', 'away'] as const) a.choose('u1', status)
  t.same(a.news(), ['u1 away'], 'who changes all the time')
  await move(1000)
  t.same(a.news(), [], 'is told with the last of a second, and not at all when that is nothing new')
})

t.test('typing: told at once, again every ten seconds, and over by itself', async (t) => {
  let now = 0
  let asked = 0
  const told: [number, string, ServerFrame][] = []
  let sweep = () => {}
  const typing = createTyping({
    access: async () => {
      asked += 1
    },
    broadcast: (topic, frame) => void told.push([now / 1000, topic, frame]),
    now: () => now,
    every: (_ms, handler) => {
      sweep = handler
      return () => {}
    },
  })
  const anna = { userId: 'anna', role: 'user', tier: 'free' } as const
  const until = async (end: number, say?: boolean) => {
    for (; now < end * 1000; now += 1000) {
      if (say !== undefined) await typing(anna, 'x', say)
      sweep()
    }
  }
  const news = () => told.splice(0).map(([second, topic, { active }]) => [second, topic, active])
  await until(25, true)
  t.same(
    news(),
    [0, 10, 20].map((second) => [second, 'conversation:x', true]),
    'whoever goes on is told of every ten seconds',
  )
  t.equal(asked, 3, 'rights are asked when something is told')
  await until(60)
  t.same(news(), [[39, 'conversation:x', false]], 'fifteen seconds after the last word it is over')
  await typing(anna, 'x', false)
  t.same(news(), [], 'to stop without having begun is no news')
  await typing(anna, 'x', true)
  await typing(anna, 'x', false)
  await typing(anna, 'y', true)
  t.same(news(), [
    [60, 'conversation:x', true],
    [60, 'conversation:x', false],
    [60, 'conversation:y', true],
  ])
})

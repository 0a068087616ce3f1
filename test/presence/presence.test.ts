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
  const { instances } = await world(1)
  const [a] = instances as [(typeof instances)[0]]
  for (let n = 0; n < 300; n += 1) a.join(room, `u${n}`, `c${n}`)
  t.equal(a.news().length, 100)
  t.same(a.present(room), [])
})

t.test('typing is told to who follows the conversation, and not more often than needed', async (t) => {
  let now = 0
  let asked = 0
  const told: [string, ServerFrame][] = []
  const typing = createTyping({
    access: async () => {
      asked += 1
    },
    broadcast: (topic, frame) => void told.push([topic, frame]),
    now: () => now,
  })
  const anna = { userId: 'anna', role: 'user', tier: 'free' } as const
  for (let n = 0; n < 10; n += 1) await typing(anna, 'x', true)
  t.same(told, [['conversation:x', { type: 'typing', conversationId: 'x', userId: 'anna', active: true }]])
  await typing(anna, 'x', false)
  now += 3000
  await typing(anna, 'x', false)
  await typing(anna, 'y', true)
  t.same(
    told.map(([topic, frame]) => [topic, frame.active]),
    [
      ['conversation:x', true],
      ['conversation:x', false],
      ['conversation:x', false],
      ['conversation:y', true],
    ],
  )
  t.equal(asked, 4, 'rights are asked when something is told')
})

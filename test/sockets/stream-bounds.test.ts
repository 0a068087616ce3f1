import t from 'tap'
import { EventStream } from '../../src/sockets/event-stream.ts'
import { createWorld, topicNumber } from './world.ts'

const actor = { userId: 'anna', role: 'user', tier: 'free' } as const
const identity = { actor, expiresAt: Number.POSITIVE_INFINITY }

t.test('a stream gets a sign of life in time, and ends with a reader that takes nothing', async (t) => {
  const world = await createWorld({ limits: { maxBufferedBytes: 4096 } })
  t.teardown(() => world.close())
  const topic = topicNumber(1)
  const open = async () => {
    const socket = new EventStream({ positions: new Map([[topic, undefined]]), pending: () => 0 })
    const connection = world.hub.attach(socket.asSocket(), identity, '')
    await world.hub.subscribe(connection, topic)
    return socket.stream
  }
  const read: string[] = []
  const reader = (await open()).on('data', (chunk) => void read.push(String(chunk)))
  await new Promise((resolve) => setImmediate(resolve))
  read.splice(0)
  for (let second = 0; second < 25; second += 1) world.clock.move(1000)
  await new Promise((resolve) => setImmediate(resolve))
  t.same(read, [': \n\n'], 'once in 25 silent seconds')
  for (let second = 0; second < 60; second += 1) {
    world.clock.move(1000)
    await new Promise((resolve) => setImmediate(resolve))
  }
  t.notOk(reader.destroyed, 'who takes it is alive')

  const stuck = await open()
  const ended = new Promise((resolve) => stuck.once('close', resolve))
  for (let n = 0; n < 200; n += 1) {
    world.emit(topic, 'message.created', { text: 'x'.repeat(200) })
    await new Promise((resolve) => setImmediate(resolve))
  }
  t.match(world.hub.stats().closes, { SLOW: 1 }, 'bounded')
  t.ok(stuck.readableLength < 64 * 1024, `${stuck.readableLength} bytes wait`)
  world.clock.move(10_000)
  await ended
  t.equal(world.hub.stats().connections, 1, 'and cut')
})

t.test('figures: they move with what happens', async (t) => {
  const turns: number[] = []
  const world = await createWorld({ onFanOut: (ms) => void turns.push(ms) })
  t.teardown(() => world.close())
  const topic = topicNumber(2)
  const client = await world.as('anna')
  const before = world.hub.stats()
  t.same(before.resumes, { recovered: 0, interrupted: 0, epoch_changed: 0, history_gone: 0, unknown_position: 0 })
  world.emit(topic)
  await client.ask({ type: 'subscribe', topic, since: { epoch: 'e1', seq: 0 } })
  await client.ask({ type: 'subscribe', topic, since: { epoch: 'old', seq: 1 } })
  await client.ask({ type: 'subscribe', topic, since: { epoch: 'e1', seq: 9 } })
  world.emit(topic)
  await client.upTo(topic, 2)
  const after = world.hub.stats()
  t.match(after, { connections: 1, topics: 1, subscriptions: { active: 1 }, bufferedBytes: 0 })
  t.same(after.resumes, { recovered: 1, interrupted: 0, epoch_changed: 1, history_gone: 0, unknown_position: 1 })
  t.ok(after.bytesReceived > before.bytesReceived)
  t.ok(
    after.sent.bytes > before.sent.bytes &&
      after.sent.frames > before.sent.frames &&
      after.frames.frames > before.frames.frames,
  )
  t.ok(turns.length > 0 && turns.every((ms) => ms >= 0))
})

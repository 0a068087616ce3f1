import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { pruneEvents } from '../../src/events/retention.ts'
import { person, testApp } from '../helpers/app.ts'
import { openSocket } from '../helpers/socket-client.ts'

async function world(t: Test) {
  const app = await testApp(t)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const ada = await person(app)
  const { id } = (await ada.post('/api/conversations', { title: 'Old', assistant: 'off' })).json<{ id: string }>()
  const write = async (count: number) => {
    for (let n = 0; n < count; n += 1) await ada.post(`/api/conversations/${id}/messages`, { content: `message ${n}` })
  }
  const url = `ws://127.0.0.1:${(app.server.address() as AddressInfo).port}/ws`
  const topic = `conversation:${id}`
  return { app, write, topic, connect: () => openSocket(url, { token: ada.token }) }
}

/** Makes the first events of a topic look old. */
const age = ({ db }: FastifyInstance, topic: string, upTo: number, days: number) =>
  db.sql`update events set created_at = now() - make_interval(days => ${days}) where topic = ${topic} and seq <= ${upTo}`

const numbers = ({ db }: FastifyInstance, topic: string) =>
  db.sql<{ seq: number }[]>`select seq::float8 as seq from events where topic = ${topic} order by seq`

t.test('events past the retention go, and resume tells the truth about it', async (t) => {
  const { app, write, topic, connect } = await world(t)
  const { sql } = app.db
  await write(10)
  await age(app, topic, 6, 31)
  t.equal(await pruneEvents({ sql, days: 0 }), 0, '0 keeps them for ever')
  t.equal(await pruneEvents({ sql, days: 32 }), 0, 'none is so old')
  // An old number in the middle takes what is before it along: no hole is left.
  await sql`update events set created_at = now() where topic = ${topic} and seq = 3`
  t.equal(await pruneEvents({ sql, days: 30 }), 6)
  t.same(
    (await numbers(app, topic)).map(({ seq }) => seq),
    [7, 8, 9, 10],
  )

  const [head] = await sql<{ epoch: string; pruned: number }[]>`select epoch, pruned from topics where topic = ${topic}`
  t.equal(head?.pruned, 6, 'the mark is written down')
  const client = await connect()
  const rows: [since: number, answer: object][] = [
    [0, { recovered: false, reason: 'history_gone', seq: 10 }],
    [5, { recovered: false, reason: 'history_gone', seq: 10 }],
    [6, { recovered: true, seq: 10 }],
    [10, { recovered: true, seq: 10 }],
  ]
  for (const [seq, answer] of rows)
    t.match(await client.ask({ type: 'subscribe', topic, since: { epoch: head?.epoch, seq } }), answer, `from ${seq}`)

  await age(app, topic, 10, 31)
  t.equal(await pruneEvents({ sql, days: 30 }), 4, 'the newest may go too')
  await write(1)
  await client.upTo(topic, 11)
  t.same(await numbers(app, topic), [{ seq: 11 }], 'its number is not given again')
  await client.close()
})

t.test('pruning beside writers, and by one instance at a time', async (t) => {
  const { app, write, topic } = await world(t)
  const { sql } = app.db
  await write(5)
  await age(app, topic, 5, 400)
  const holder = await sql.reserve()
  await holder`select pg_advisory_lock(7391406244)`
  t.equal(await pruneEvents({ sql, days: 30 }), 0, 'another one is at it')
  await holder`select pg_advisory_unlock(7391406244)`
  holder.release()
  const [gone] = await Promise.all([pruneEvents({ sql, days: 30 }), write(20), write(20)])
  t.equal(gone, 5)
  t.same(
    (await numbers(app, topic)).map(({ seq }) => seq),
    Array.from({ length: 40 }, (_, index) => index + 6),
  )
})

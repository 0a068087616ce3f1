import { setTimeout as delay } from 'node:timers/promises'
import postgres from 'postgres'
import t from 'tap'
import { testDatabase } from '../helpers/database.ts'
import { request, type ServerProcess, startServer } from '../helpers/server-process.ts'
import { type Frame, openSocket, type SocketClient } from '../helpers/socket-client.ts'

const MESSAGES = 300
const KILLS = 4
const WRITERS = 3

t.test('messages survive kill -9: none acknowledged is lost, none is doubled, no number is missing', async (t) => {
  const databaseUrl = await testDatabase(t)
  const env = { DATABASE_URL: databaseUrl, JWT_SECRET: 'one secret for all instances of this test', DATABASE_POOL: '4' }
  const servers: ServerProcess[] = await Promise.all([0, 1].map(() => startServer(t, { env }).ready()))
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)
  t.comment(`SEED=${seed}`)
  let state = seed
  const random = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >>> 8) % below
  }
  const origin = servers[0]?.origin as string
  const account = await request(`${origin}/api/auth/register`, {
    email: 'ada@example.org',
    password: 'correct horse battery staple',
  })
  const token = (account.body as { accessToken: string }).accessToken
  const made = await request(`${origin}/api/conversations`, { assistant: 'off' }, { authorization: `Bearer ${token}` })
  const id = (made.body as { id: string }).id
  const topic = `conversation:${id}`

  /** A connection to whichever server answers. */
  async function connect(): Promise<SocketClient> {
    for (;;) {
      const server = servers[random(2)]
      try {
        const client = await openSocket(`${server?.origin.replace('http', 'ws')}/ws`, { token })
        await client.find((frame) => frame.event === 'authenticated')
        return client
      } catch {
        await delay(20)
      }
    }
  }

  const first = await connect()
  const { epoch } = (await first.ask({ type: 'subscribe', topic })) as unknown as { epoch: string }
  first.socket.terminate()

  let kills = 0
  const acknowledged = new Map<string, number>()
  async function write(writer: number) {
    let client = await connect()
    for (let n = writer; n < MESSAGES; n += WRITERS) {
      // No faster than the kills: each falls into the middle of the writing.
      while (kills < KILLS && acknowledged.size > (MESSAGES * (kills + 1)) / (KILLS + 1) + 20) await delay(5)
      const frame = { type: 'chat', conversationId: id, content: `${n}`, clientId: `m${n}` }
      for (;;) {
        const answer = await client.ask(frame).catch(() => undefined)
        if (answer?.type === 'ack') {
          acknowledged.set(`m${n}`, (answer.message as { seq: number }).seq)
          break
        }
        client.socket.terminate()
        client = await connect()
      }
    }
    client.socket.terminate()
  }

  async function follow() {
    const seen: number[] = []
    let wrong = 0
    const position = { epoch, seq: 0 }
    while (seen.length < MESSAGES) {
      const client = await connect()
      const answer = await client.ask({ type: 'subscribe', topic, since: { ...position } }).catch(() => undefined)
      if (answer?.type !== 'ack') {
        client.socket.terminate()
        continue
      }
      const isLast = (frame: Frame) => frame.type === 'event' && Number(frame.seq) >= MESSAGES
      await client.find(isLast).catch(() => undefined)
      client.socket.terminate()
      for (const frame of client.frames) {
        if (frame.type === 'subscribed' && !frame.recovered) wrong += 1
        if (frame.type !== 'event') continue
        if (frame.seq !== position.seq + 1) wrong += 1
        position.seq = frame.seq as number
        seen.push(position.seq)
      }
    }
    return { seen, wrong }
  }

  async function kill() {
    while (kills < KILLS) {
      while (acknowledged.size < (MESSAGES * (kills + 1)) / (KILLS + 1)) await delay(5)
      const which = kills % 2
      servers[which]?.child.kill('SIGKILL')
      await servers[which]?.exited
      servers[which] = await startServer(t, { env }).ready()
      kills += 1
    }
  }

  const following = [follow(), follow()]
  await delay(0)
  await Promise.all([kill(), ...Array.from({ length: WRITERS }, (_, writer) => write(writer))])
  const followers = await Promise.all(following)
  const sql = postgres(databaseUrl, { max: 1 })
  t.teardown(() => sql.end())
  const stored = await sql<{ seq: string; client_id: string }[]>`
    select seq, client_id from messages where conversation_id = ${id} order by seq`
  const numbered = await sql<{ seq: string }[]>`select seq from events where topic = ${topic} order by seq`
  const all = Array.from({ length: MESSAGES }, (_, n) => n + 1)
  t.same(
    stored.map(({ seq }) => Number(seq)),
    all,
    'stored once each, without a hole',
  )
  t.same(
    numbered.map(({ seq }) => Number(seq)),
    all,
    'and told once each',
  )
  t.same(
    new Map(stored.map(({ client_id: clientId, seq }) => [clientId, Number(seq)])),
    acknowledged,
    'as acknowledged',
  )
  for (const { seen, wrong } of followers) {
    t.same(seen, all, 'delivered once each, in order')
    t.equal(wrong, 0)
  }
  t.comment(
    `${MESSAGES} messages, ${acknowledged.size} acknowledged, ${KILLS} kills: 0 lost, 0 doubled, 0 out of order`,
  )
})

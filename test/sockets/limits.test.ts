import t from 'tap'
import { type Person, person } from '../helpers/app.ts'
import { openSocket, type SocketClient } from '../helpers/socket-client.ts'
import { listening, room } from './listening.ts'
import { createWorld, topicNumber } from './world.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** Asks until it is refused, at most `most` times; how often it was done, and the refusal. */
async function spend(client: SocketClient, frame: () => { type: string } & Record<string, unknown>, most = 40) {
  for (let done = 0; done < most; done += 1) {
    const answer = await client.ask(frame())
    if (answer.type === 'error') return { done, answer }
  }
  return { done: most, answer: undefined }
}

t.test('each operation has a budget of its own, shared by all connections of a user', async (t) => {
  const world = await createWorld({
    allowance: (_actor, group) => {
      const sizes = { auth: 2, read: 3, write: 5 } as Record<string, number>
      return { burst: sizes[group ?? ''] ?? 1000, perSecond: group === undefined ? 1000 : 0.5 }
    },
  })
  t.teardown(() => world.close())
  let written = 0
  for (const type of ['chat', 'edit']) {
    world.hub.command(type, { schema: {} as never, handler: () => ({ written: ++written }) })
  }
  const [first, second, other] = [await world.as('anna'), await world.as('anna'), await world.as('ben')]
  const refused = { type: 'error', code: 'RATE_LIMITED', retryAfter: 2 }

  t.match(await spend(first, () => ({ type: 'chat' })), { done: 5, answer: refused })
  t.match(await second.ask({ type: 'edit' }), refused, 'another connection and another write: the same budget')
  t.equal(written, 5, 'what is refused is not done')
  t.match(await other.ask({ type: 'chat' }), { type: 'ack' }, 'somebody else has their own')
  t.match(await first.ask({ type: 'ping' }), { type: 'ack' }, 'and what costs nothing goes on')
  let topic = 0
  t.match(await spend(first, () => ({ type: 'subscribe', topic: topicNumber(topic++) })), { done: 3, answer: refused })
  t.match(await spend(first, () => ({ type: 'auth', token: 'anna' })), { done: 2, answer: refused }, 'fresh tokens')
  t.match(await second.ask({ type: 'auth', token: 'anna' }), { type: 'ack' }, 'which count for each connection')
  world.clock.move(4000)
  t.match(await spend(second, () => ({ type: 'chat' })), { done: 2, answer: refused }, 'half a token a second')
  t.equal(world.hub.stats().closes.THROTTLED, undefined, 'nobody is closed for it')
})

t.test('the budgets are those of the configuration, times the tier', async (t) => {
  const env = { RATE_LIMIT_WRITE: '4/60', RATE_LIMIT_SOCKET: '30/60', RATE_LIMIT_READ: '1000/60' }
  const { app, open, url } = await listening(t, { env })
  const [free, premium] = (await Promise.all(['free', 'premium'].map((name) => person(app, name)))) as [Person, Person]
  await app.db.sql`update users set tier = 'premium' where id = ${premium.id}`
  await app.sessions.forget(premium.id)
  const rows: [as: Person, writes: number, frames: number][] = [
    [free, 4, 30],
    [premium, 20, 150],
  ]
  for (const [as, writes, frames] of rows) {
    const { id } = await room(as)
    const client = await open(as)
    let n = 0
    const chat = () => ({ type: 'chat', conversationId: id, content: 'x', clientId: `${n++}` })
    const { done, answer } = await spend(client, chat)
    t.ok(done >= writes && done <= writes + 2, `${done} of ${writes} writes`)
    t.match(answer, { code: 'RATE_LIMITED', retryAfter: Number })
    const another = await openSocket(url, { token: as.token })
    const pings = await spend(another, () => ({ type: 'ping' }), 200)
    t.ok(pings.done >= frames - 5 && pings.done <= frames + 30, `${pings.done} of ${frames} frames`)
    t.match(pings.answer, { code: 'RATE_LIMITED', retryAfter: Number })
  }
})

t.test('connections of a user by tier, and of an address', async (t) => {
  const { app, url } = await listening(t, { env: { SOCKETS_PER_ADDRESS: '120' } })
  const [free, premium] = (await Promise.all(['free', 'premium'].map((name) => person(app, name)))) as [Person, Person]
  await app.db.sql`update users set tier = 'premium' where id = ${premium.id}`
  await app.sessions.forget(premium.id)
  const open = async (as: Person) => {
    const client = await openSocket(url, { token: as.token })
    t.teardown(() => client.socket.terminate())
    const found = await client
      .find((frame) => frame.event === 'authenticated' || frame.type === 'error')
      .catch(() => undefined)
    return { client, ok: found?.event === 'authenticated' }
  }
  const all = async (as: Person, count: number) => Promise.all(Array.from({ length: count }, () => open(as)))
  t.ok(
    (await all(free, 50)).every(({ ok }) => ok),
    'fifty',
  )
  const above = await open(free)
  t.same([above.ok, (await above.client.closed).code], [false, 4429], 'and not one more')
  while (app.hub.stats().connections > 50) await turn()
  t.ok(
    (await all(premium, 70)).every(({ ok }) => ok),
    'a higher tier has more',
  )
  const stranger = await openSocket(url)
  t.equal((await stranger.closed).code, 4429, 'until the address has too many')
})

/** A socket that takes nothing by itself: what is written is counted, and stays in its buffer until it is read. */
function stuckSocket(onSend: (bytes: number) => void = () => {}) {
  const handlers = new Map<string, (...values: unknown[]) => void>()
  const socket = {
    OPEN: 1,
    readyState: 1,
    bufferedAmount: 0,
    isPaused: false,
    closed: undefined as number | undefined,
    on(name: string, handler: (...values: unknown[]) => void) {
      handlers.set(name, handler)
      return socket
    },
    send(data: Buffer, _options: unknown, done?: () => void) {
      socket.bufferedAmount += data.length
      onSend(data.length)
      done?.()
    },
    close(code: number) {
      socket.closed = code
    },
    terminate() {},
    ping() {},
    pause() {},
    resume() {},
  }
  return socket
}
const identity = (userId: string) => ({
  actor: { userId, role: 'user' as const, tier: 'free' as const },
  expiresAt: Number.POSITIVE_INFINITY,
})

t.test('what waits for a reader: at most 256 frames or 1 MiB, whichever comes first', async (t) => {
  const rows: [name: string, bytes: number, most: number][] = [
    ['small frames', 10, 257],
    ['large frames', 100_000, 11],
  ]
  for (const [name, bytes, most] of rows) {
    const world = await createWorld()
    t.teardown(() => world.close())
    const topic = topicNumber(1)
    const socket = stuckSocket()
    const connection = world.hub.attach(socket as never, identity('anna'), '')
    await world.hub.subscribe(connection, topic)
    await turn()
    let sent = 0
    for (; socket.closed === undefined && sent < 1000; sent += 1) {
      world.emit(topic, 'message.created', { text: 'x'.repeat(bytes) })
      await turn()
      await turn()
    }
    t.equal(socket.closed, 1013, `${name}: a code to come back and resume with`)
    t.ok(sent <= most, `${sent} ${name}`)
    t.ok(sent > most / 2, 'and not sooner')
    t.ok(socket.bufferedAmount < 1024 * 1024 + 2 * bytes, `${socket.bufferedAmount} bytes`)
    t.match(world.hub.stats().closes, { SLOW: 1 })
  }
})

t.test('a slow reader that was closed comes back and has everything, once', async (t) => {
  const world = await createWorld()
  t.teardown(() => world.close())
  const topic = topicNumber(1)
  const slow = await world.as('anna')
  const { epoch } = (await slow.ask({ type: 'subscribe', topic })) as unknown as { epoch: string }
  slow.socket.pause()
  let sent = 0
  for (; !world.hub.stats().closes.SLOW && sent < 20_000; ) {
    sent = world.emit(topic, 'message.created', { text: 'x'.repeat(16_000) }).seq
    await turn()
  }
  t.ok(world.hub.stats().closes.SLOW, `closed after ${sent} events`)
  slow.socket.resume()
  t.equal((await slow.closed).code, 1013)
  const seqs = (client: SocketClient) =>
    client.frames.filter(({ type }) => type === 'event').map(({ seq }) => seq as number)
  const seen = seqs(slow)
  const last = seen.at(-1) as number
  t.ok(last < sent, `${last} of ${sent} were read`)
  const back = await world.as('anna')
  t.match(await back.ask({ type: 'subscribe', topic, since: { epoch, seq: last } }), { recovered: true })
  await back.upTo(topic, sent)
  t.same(
    [...seen, ...seqs(back)],
    Array.from({ length: sent }, (_, n) => n + 1),
  )
})

t.test(
  'a room of 1,700: at most 500 sockets are written in a turn of the event loop, all of them in the end',
  async (t) => {
    const world = await createWorld({ limits: { connectionsPerAddress: 0 } })
    t.teardown(() => world.close())
    const topic = topicNumber(1)
    const writes = new Map<number, number>()
    let now = 0
    let running = true
    const count = () => {
      now += 1
      if (running) setImmediate(count)
    }
    const sockets = await Promise.all(
      Array.from({ length: 1700 }, async (_, n) => {
        const socket = stuckSocket(() => writes.set(now, (writes.get(now) ?? 0) + 1))
        const connection = world.hub.attach(socket as never, identity(`user-${n}`), '')
        await world.hub.subscribe(connection, topic)
        return socket
      }),
    )
    while (world.hub.stats().sent.writes < 1700) await turn()
    for (const socket of sockets) socket.bufferedAmount = 0
    writes.clear()
    setImmediate(count)
    const before = world.hub.stats().sent.writes
    world.emit(topic)
    while (world.hub.stats().sent.writes < before + 1700) await turn()
    running = false
    const turns = [...writes.values()]
    t.equal(
      turns.reduce((sum, each) => sum + each, 0),
      1700,
    )
    t.ok(Math.max(...turns) <= 500, `${turns.join(', ')} in ${turns.length} turns`)
    t.ok(turns.length >= 4)
  },
)

t.test('a token in the URL is none', async (t) => {
  const { app, url } = await listening(t)
  const ada = await person(app, 'ada')
  for (const query of [`token=${ada.token}`, `access_token=${ada.token}`, `bearer=${ada.token}`]) {
    const client = await openSocket(`${url}?${query}`)
    t.teardown(() => client.socket.terminate())
    t.match(await client.find((frame) => frame.event === 'hello'), { authenticated: false })
    t.match(
      await client.ask({ type: 'echo', data: 1 }),
      { type: 'error', code: 'UNAUTHENTICATED' },
      query.replace(/=.*/, ''),
    )
  }
})

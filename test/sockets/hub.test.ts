import t from 'tap'
import { type Frame, openSocket } from '../helpers/socket-client.ts'
import { createMemoryBus, createWorld, topicNumber } from './world.ts'

type World = Awaited<ReturnType<typeof createWorld>>
const topic = topicNumber(1)

async function world(
  t: { teardown(close: () => unknown): unknown },
  options?: Parameters<typeof createWorld>[0],
): Promise<World> {
  const made = await createWorld(options)
  t.teardown(() => made.close())
  return made
}

t.test('one answer for each frame with an id', async (t) => {
  const { as } = await world(t)
  const anna = await as('anna')
  const rows: [name: string, sent: unknown, answer: object][] = [
    ['ping', { id: 1, type: 'ping' }, { type: 'ack', id: 1 }],
    ['echo', { id: 2, type: 'echo', data: { a: [1, null] } }, { type: 'ack', id: 2, data: { a: [1, null] } }],
    ['unknown type', { id: 3, type: 'dance' }, { type: 'error', id: 3, code: 'BAD_REQUEST' }],
    ['no type', { id: 4 }, { type: 'error', id: 4, code: 'BAD_REQUEST' }],
    ['inherited names are no types', { id: 5, type: 'constructor' }, { type: 'error', id: 5, code: 'BAD_REQUEST' }],
    [
      'unknown property',
      { id: 6, type: 'ping', x: 1 },
      { type: 'error', id: 6, code: 'VALIDATION_FAILED', errors: [{ path: '/x' }] },
    ],
    ['NUL', { id: 15, type: 'echo', data: ['a\u0000'] }, { type: 'error', id: 15, code: 'BAD_REQUEST' }],
    ['half a surrogate pair', { id: 16, type: 'echo', data: '\ud800' }, { type: 'error', id: 16, code: 'BAD_REQUEST' }],
    ['missing property', { id: 7, type: 'subscribe' }, { type: 'error', id: 7, code: 'VALIDATION_FAILED' }],
    [
      'wrong form of topic',
      { id: 8, type: 'subscribe', topic: 'conversation:1' },
      { type: 'error', id: 8, code: 'VALIDATION_FAILED', errors: [{ path: '/topic' }] },
    ],
    [
      'topic of no kind',
      { id: 9, type: 'subscribe', topic: topic.replace('conversation', 'nothing') },
      { type: 'error', id: 9, code: 'NOT_FOUND' },
    ],
    ['unsubscribe from nothing', { id: 10, type: 'unsubscribe', topic }, { type: 'ack', id: 10, topic }],
    ['bad fresh token', { id: 11, type: 'auth', token: 'bad' }, { type: 'error', id: 11, code: 'TOKEN_INVALID' }],
    ['token of another user', { id: 12, type: 'auth', token: 'ben' }, { type: 'error', id: 12, code: 'FORBIDDEN' }],
    ['fresh token', { id: 13, type: 'auth', token: 'anna' }, { type: 'ack', id: 13, userId: 'anna' }],
    ['database fault', { id: 14, type: 'auth', token: 'broken' }, { type: 'error', id: 14, code: 'INTERNAL' }],
  ]
  for (const [name, sent, answer] of rows) {
    const id = (sent as { id: number }).id
    anna.socket.send(JSON.stringify(sent))
    t.match(await anna.find((frame) => frame.id === id), answer, name)
  }
  anna.send({ type: 'ping' }, { id: 90, type: 'echo', data: 1 }, { type: 'echo' }, { id: 91, type: 'ping' })
  await anna.find((frame) => frame.id === 91)
  const counts = new Map<number, number>()
  for (const { id } of anna.frames) if (id !== undefined) counts.set(id, (counts.get(id) ?? 0) + 1)
  t.strictSame([...new Set(counts.values())], [1], 'never two answers')
  t.equal(anna.frames.filter((frame) => frame.type === 'pong').length, 3)
})

t.test('what is no frame gets an error without an id, and the connection lives', async (t) => {
  const { as } = await world(t)
  const anna = await as('anna')
  const errors = () => anna.frames.filter((frame) => frame.type === 'error')
  const rows: (string | Buffer)[] = [
    '',
    'no json',
    '1',
    'null',
    '"x"',
    '[1]',
    '[[]]',
    Buffer.from('{}'),
    '{"type":1}',
    '{"id":-1,"type":"ping"}',
    '{"id":1.5,"type":"ping"}',
    `[${'{"type":"ping"},'.repeat(300)}1]`,
    `${'['.repeat(20_000)}`,
  ]
  for (const row of rows) anna.socket.send(row, { binary: Buffer.isBuffer(row) })
  t.match(await anna.ask({ type: 'echo', data: 'alive' }), { type: 'ack' })
  t.equal(errors().length, rows.length)
  t.ok(
    errors().every(
      (frame: Frame) => frame.id === undefined && typeof frame.code === 'string' && typeof frame.message === 'string',
    ),
  )
  const deep = `{"type":"echo","id":77,"data":${'['.repeat(15_000)}${']'.repeat(15_000)}}`
  anna.socket.send(deep)
  t.ok(await anna.find((frame) => frame.id === 77), 'deep data is answered, not fatal')
})

t.test('the protocol itself closes what breaks it', async (t) => {
  const { as } = await world(t)
  const big = await as('anna')
  big.socket.send('x'.repeat(65_537))
  t.equal((await big.closed).code, 1009)
  const invalid = await as('anna')
  const { _socket: raw } = invalid.socket as unknown as { _socket: { write(data: Buffer): void } }
  raw.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28]))
  t.equal((await invalid.closed).code, 1007)
  const unmasked = await as('anna')
  const { _socket: bare } = unmasked.socket as unknown as { _socket: { write(data: Buffer): void } }
  bare.write(Buffer.from([0x81, 0x02, 0x7b, 0x7d]))
  t.equal((await unmasked.closed).code, 1002)
})

t.test('authentication', async (t) => {
  await t.test('hello comes first; by the first frame or by subprotocol', async (t) => {
    const { open, as } = await world(t)
    const late = await open()
    t.match(await late.find(() => true), {
      type: 'system',
      event: 'hello',
      heartbeatSeconds: 25,
      connectionId: String,
      limits: { maxFrameBytes: 65_536 },
    })
    t.match(await late.ask({ type: 'echo', data: 1 }), { type: 'error', code: 'UNAUTHENTICATED' })
    t.match(await late.ask({ type: 'ping' }), { type: 'ack' })
    t.match(await late.ask({ type: 'auth', token: 'anna' }), { type: 'ack', userId: 'anna' })
    t.match(await late.ask({ type: 'echo', data: 1 }), { type: 'ack', data: 1 })
    t.match(await (await as('anna')).ask({ type: 'echo' }), { type: 'ack' })
  })

  await t.test('what is sent along with the token waits for it', async (t) => {
    const { open, url } = await world(t)
    const client = await open()
    client.send({ type: 'auth', token: 'anna' })
    for (let id = 1; id < 5; id++) client.send({ id, type: 'echo', data: id })
    await client.find((frame) => frame.id === 4)
    t.same(
      client.frames.filter((frame) => frame.id).map(({ type, id }) => [type, id]),
      [
        ['ack', 1],
        ['ack', 2],
        ['ack', 3],
        ['ack', 4],
      ],
    )
    const quick = await openSocket(url, { token: 'ben', records: false })
    t.match(await quick.ask({ type: 'echo', data: 1 }), { type: 'ack' })
    const bad = await openSocket(url, { token: 'bad', records: false })
    bad.send({ id: 1, type: 'echo' })
    t.equal((await bad.closed).code, 4401)
    let pass = (_: object) => {}
    const gate = new Promise<object>((resolve) => {
      pass = resolve
    })
    const slow = await world(t, { authenticate: () => gate as never })
    const flood = await slow.open()
    flood.send({ type: 'auth', token: 'cleo' })
    for (let id = 1; id < 100; id++) flood.send({ type: 'ping' })
    await flood.find((frame) => frame.code === 'BAD_REQUEST')
    pass({ actor: { userId: 'cleo', role: 'user', tier: 'free' }, expiresAt: Number.POSITIVE_INFINITY })
    t.match(await flood.ask({ type: 'echo' }), { type: 'ack' })
    t.equal(flood.frames.filter((frame) => frame.type === 'pong').length, 64)
  })

  const refused: [token: string, code: string, close: number][] = [
    ['bad', 'TOKEN_INVALID', 4401],
    ['disabled', 'ACCOUNT_DISABLED', 4403],
    ['broken', 'INTERNAL', 1013],
  ]
  for (const [token, code, close] of refused) {
    await t.test(`a first token that is ${token} ends with ${close}`, async (t) => {
      const { open } = await world(t)
      const client = await open()
      t.match(await client.ask({ type: 'auth', token }), { type: 'error', code })
      t.equal((await client.closed).code, close)
    })
  }

  await t.test('none in time: 4408', async (t) => {
    const { open, clock } = await world(t)
    const client = await open()
    await client.find((frame) => frame.event === 'hello')
    clock.move(9000)
    t.match(await client.ask({ type: 'ping' }), { type: 'ack' }, 'a ping is no authentication')
    clock.move(2000)
    t.equal((await client.closed).code, 4408)
  })

  await t.test('a token that runs out is announced, renewed on the living socket, or ends with 4401', async (t) => {
    const { as, clock } = await world(t)
    const client = await as(`anna+${clock.wall() + 100_000}`)
    const beat = async (ms: number) => {
      clock.move(ms)
      await client.ask({ type: 'ping' })
    }
    for (let i = 0; i < 5; i++) await beat(10_000)
    t.match(await client.find((frame) => frame.event === 'auth_expiring'), { expiresAt: String })
    t.match(await client.ask({ type: 'auth', token: `anna+${clock.wall() + 100_000}` }), {
      type: 'ack',
      expiresAt: String,
    })
    for (let i = 0; i < 10; i++) await beat(10_000)
    t.match(await client.ask({ type: 'echo' }), { type: 'ack' }, 'the first expiry has passed')
    clock.move(11_000)
    t.equal((await client.closed).code, 4401)
  })

  await t.test('at most so many connections a user', async (t) => {
    const { as, open } = await world(t, { connectionsOf: () => 2 })
    const [first] = [await as('anna'), await as('anna')]
    const third = await open()
    t.match(await third.ask({ type: 'auth', token: 'anna' }), {
      type: 'error',
      code: 'RATE_LIMITED',
      retryAfter: Number,
    })
    t.equal((await third.closed).code, 4429)
    await as('ben')
    await first.close()
    await as('anna')
  })
})

t.test('at most so many connections an address, signed in or not; who goes makes room', async (t) => {
  const { as, open, hub } = await world(t, { limits: { connectionsPerAddress: 2 } })
  const [anna, stranger] = [await as('anna'), await open()]
  const third = await open()
  t.equal((await third.closed).code, 4429)
  t.equal(hub.stats().closes.THROTTLED, 1)
  t.match(await anna.ask({ type: 'echo', data: 1 }), { type: 'ack' }, 'the others notice nothing')
  await stranger.close()
  while (hub.stats().connections > 1) await new Promise((resolve) => setImmediate(resolve))
  const next = await as('ben')
  t.equal((await (await open()).closed).code, 4429, 'what was refused is not counted twice')
  await next.close()
})

t.test('heartbeat: a silent connection is pinged, a dead one dropped, any traffic counts', async (t) => {
  const { as, clock, hub } = await world(t)
  const alive = await as('anna')
  const dead = await as('ben')
  const pinged = new Promise((resolve) => alive.socket.once('ping', resolve))
  dead.socket.pause()
  clock.move(26_000)
  await pinged
  await alive.ask({ type: 'ping' })
  clock.move(10_000)
  clock.move(1)
  t.equal(hub.stats().closes.SILENT, 1)
  t.match(await alive.ask({ type: 'echo' }), { type: 'ack' })
  dead.socket.resume()
  t.equal((await dead.closed).code, 1006)
})

t.test('throttling: RATE_LIMITED with retryAfter, tokens come back, persistent disregard ends with 4429', async (t) => {
  const { as, clock } = await world(t, { allowance: () => ({ burst: 5, perSecond: 2 }) })
  const client = await as('anna')
  for (let i = 0; i < 5; i++) t.match(await client.ask({ type: 'ping' }), { type: 'ack' })
  t.match(await client.ask({ type: 'ping' }), { type: 'error', code: 'RATE_LIMITED', retryAfter: 0.5 })
  clock.move(500)
  t.match(await client.ask({ type: 'ping' }), { type: 'ack' })
  client.send(...Array.from({ length: 250 }, () => ({ type: 'ping' })))
  t.equal((await client.closed).code, 4429)
})

t.test('revocation: by session, by user, for ever', async (t) => {
  const bus = (await world(t)).bus
  const [a, b] = [await world(t, { bus }), await world(t, { bus })]
  const [one, two, other, three] = [await a.as('anna~1'), await b.as('anna~1'), await b.as('anna~2'), await a.as('ben')]
  a.hub.control({ kind: 'revoke', userId: 'anna', sessionId: '1' })
  t.equal((await one.closed).code, 4401)
  t.equal((await two.closed).code, 4401)
  t.match(await other.ask({ type: 'echo' }), { type: 'ack' })
  b.hub.control({ kind: 'revoke', userId: 'anna' })
  t.equal((await other.closed).code, 4401)
  b.hub.control({ kind: 'revoke', userId: 'ben', forever: true })
  t.equal((await three.closed).code, 4403)
})

t.test('sessions that ended while the bus was away are found when it comes back, and now and then', async (t) => {
  const { as, bus, clock, ended } = await world(t)
  const [gone, banned, stays] = [await as('anna'), await as('ben'), await as('cleo')]
  ended.set('anna', 401).set('ben', 403)
  bus.heal()
  for (let i = 0; i < 3; i++) clock.move(1000)
  t.equal((await gone.closed).code, 4401)
  t.equal((await banned.closed).code, 4403)
  t.match(await stays.ask({ type: 'echo' }), { type: 'ack' })
  ended.set('cleo', 401)
  for (let open = true; open; ) {
    clock.move(30_000)
    open = await Promise.race([stays.ask({ type: 'ping' }).then(() => true), stays.closed.then(() => false)]).catch(
      () => false,
    )
  }
  t.equal((await stays.closed).code, 4401)
})

t.test(
  'who signs in just after something was told of them is looked at again; all others cost no second look',
  async (t) => {
    const bus = createMemoryBus()
    const [a, b] = [await world(t, { bus }), await world(t, { bus })]
    for (const { ended } of [a, b]) ended.set('anna', 401).set('ben', 403)
    const early = await a.as('anna')
    t.match(await early.ask({ type: 'echo' }), { type: 'ack' }, 'nothing was told: what the token says is believed')
    b.hub.control({ kind: 'revoke', userId: 'anna' })
    t.equal((await early.closed).code, 4401, 'who was there is told')
    t.equal((await (await a.as('anna')).closed).code, 4401, 'who comes just then is looked at, on the other instance')
    t.equal((await (await b.as('anna')).closed).code, 4401, 'and on the one that told it')
    const ben = await a.as('ben')
    t.match(await ben.ask({ type: 'echo' }), { type: 'ack' }, 'nothing was told of others')
    bus.heal()
    t.equal((await (await a.as('ben')).closed).code, 4403, 'everybody is looked at after the bus was away')
  },
)

t.test('drain: announced with a moment to come back, running commands finish, then 1012', async (t) => {
  const { as, hub, open } = await world(t)
  let finish = (_: object) => {}
  hub.command('slow', {
    schema: {} as never,
    handler: () =>
      new Promise<object>((resolve) => {
        finish = resolve
      }),
  })
  const [busy, idle] = [await as('anna'), await as('ben')]
  const answer = busy.ask({ type: 'slow' })
  await busy.ask({ type: 'ping' })
  const drained = hub.drain(5000)
  t.match(await idle.find((frame) => frame.event === 'drain'), { reconnectAfterMs: Number })
  finish({ done: true })
  t.match(await answer, { type: 'ack', done: true })
  await drained
  t.equal((await busy.closed).code, 1012)
  t.equal((await idle.closed).code, 1012)
  t.equal((await (await open()).closed).code, 1012, 'who comes too late')
})

t.test('frames of one turn are one write; a lane keeps the order, others need not wait', async (t) => {
  const { as, hub, emit } = await world(t)
  const client = await as('anna')
  await client.ask({ type: 'subscribe', topic })
  const before = client.writes
  for (let i = 0; i < 20; i++) emit(topic)
  await client.upTo(topic, 20)
  t.equal(client.writes, before + 1)

  const order: number[] = []
  hub.command<{ n: number }>('step', {
    schema: {} as never,
    lane: () => 'one',
    async handler(_actor, { n }) {
      for (let i = 0; i < 5 - n; i++) await new Promise((resolve) => setImmediate(resolve))
      order.push(n)
      return { n }
    },
  })
  client.send(...[1, 2, 3, 4].map((n) => ({ id: 500 + n, type: 'step', n })), { id: 600, type: 'ping' })
  await client.find((frame) => frame.id === 504)
  t.strictSame(order, [1, 2, 3, 4])
  const ids = client.frames.map((frame) => frame.id).filter((id) => (id ?? 0) >= 500)
  t.strictSame(ids, [600, 501, 502, 503, 504])
})

t.test('a slow reader is closed with 1013, bounded in memory, and others notice nothing', async (t) => {
  const { as, emit, hub, clock } = await world(t, { limits: { maxBufferedBytes: 256 * 1024 } })
  const [slow, quick] = [await as('anna'), await as('ben')]
  for (const client of [slow, quick]) await client.ask({ type: 'subscribe', topic })
  slow.socket.pause()
  const text = 'x'.repeat(16_000)
  let sent = 0
  while (!hub.stats().closes.SLOW && sent < 5000) {
    for (let i = 0; i < 8; i++) sent = emit(topic, 'message.created', { text }).seq
    await quick.upTo(topic, sent)
  }
  t.ok(sent < 5000, `closed after ${sent} events of 16 kB`)
  t.equal((await quick.upTo(topic, sent)).length, sent)
  clock.move(4000)
  t.match(hub.stats(), { connections: 1, closes: { SLOW: 1 } }, 'cut when it does not take the close frame either')
  slow.socket.resume()
  t.not((await slow.closed).code, 1000)
})

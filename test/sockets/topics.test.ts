import t from 'tap'
import type { Frame, SocketClient } from '../helpers/socket-client.ts'
import { createMemoryBus, createMemoryLog, createWorld, topicNumber } from './world.ts'

type World = Awaited<ReturnType<typeof createWorld>>
const topic = topicNumber(1)
const turn = () => new Promise((resolve) => setImmediate(resolve))

async function world(
  t: { teardown(close: () => unknown): unknown },
  options?: Parameters<typeof createWorld>[0],
): Promise<World> {
  const made = await createWorld(options)
  t.teardown(() => made.close())
  return made
}

/** Two instances on one log and one bus. */
async function pair(t: { teardown(close: () => unknown): unknown }) {
  const [bus, log] = [createMemoryBus(), createMemoryLog()]
  const [a, b] = [await world(t, { bus, log }), await world(t, { bus, log })]
  return { a, b, bus, log }
}

const upTo = (count: number, from = 1) => Array.from({ length: count - from + 1 }, (_, index) => from + index)

t.test('subscribe tells where the topic stands, and from there nothing is missing', async (t) => {
  const rows: [name: string, since: object | undefined, answer: object, first: number][] = [
    ['without since', undefined, { seq: 300, recovered: false, reason: undefined }, 301],
    ['from the beginning, over pages', { epoch: 'e1', seq: 0 }, { seq: 300, recovered: true }, 1],
    ['from the middle', { epoch: 'e1', seq: 250 }, { seq: 300, recovered: true }, 251],
    ['nothing missed', { epoch: 'e1', seq: 300 }, { seq: 300, recovered: true }, 301],
    ['another epoch', { epoch: 'e0', seq: 250 }, { seq: 300, recovered: false, reason: 'epoch_changed' }, 301],
    [
      'ahead of all that is known',
      { epoch: 'e1', seq: 999 },
      { seq: 300, recovered: false, reason: 'unknown_position' },
      301,
    ],
  ]
  for (const [name, since, answer, first] of rows) {
    await t.test(name, async (t) => {
      const { as, emit } = await world(t)
      for (let i = 0; i < 300; i++) emit(topic)
      const client = await as('anna')
      t.match(await client.ask({ type: 'subscribe', topic, ...(since && { since }) }), {
        type: 'ack',
        topic,
        epoch: 'e1',
        ...answer,
      })
      t.match(await client.find((frame) => frame.type === 'subscribed'), { topic, epoch: 'e1', ...answer })
      emit(topic)
      t.strictSame(await client.upTo(topic, 301), upTo(301, first))
    })
  }
  await t.test('history that was pruned', async (t) => {
    const { as, emit, log } = await world(t)
    for (let i = 0; i < 10; i++) emit(topic)
    log.prune(topic, 5)
    const client = await as('anna')
    t.match(await client.ask({ type: 'subscribe', topic, since: { epoch: 'e1', seq: 3 } }), {
      recovered: false,
      reason: 'history_gone',
    })
    t.match(await client.ask({ type: 'subscribe', topic, since: { epoch: 'e1', seq: 5 } }), { recovered: true })
    t.strictSame(await client.upTo(topic, 10), upTo(10, 6), 'subscribing again starts over, once')
  })
  await t.test('an instance that lags behind looks first', async (t) => {
    const { a, b, bus } = await pair(t)
    const early = await b.as('ben')
    await early.ask({ type: 'subscribe', topic })
    bus.lost = true
    for (let i = 0; i < 5; i++) a.emit(topic)
    const client = await b.as('anna')
    t.match(await client.ask({ type: 'subscribe', topic, since: { epoch: 'e1', seq: 5 } }), { seq: 5, recovered: true })
    t.strictSame(await early.upTo(topic, 5), upTo(5))
  })
})

t.test('writes while the subscription is being made are neither lost nor doubled', async (t) => {
  const { as, emit, log } = await world(t)
  for (let i = 0; i < 3; i++) emit(topic)
  const client = await as('anna')
  // Every answer of the log is already old when it arrives.
  let written = 0
  const write = () => {
    written += 1
    if (written < 9) emit(topic)
  }
  log.pause = async () => {
    write()
    await turn()
    write()
  }
  const ack = await client.ask({ type: 'subscribe', topic, since: { epoch: 'e1', seq: 1 } })
  t.match(ack, { recovered: true })
  written = 99
  const last = emit(topic).seq
  t.strictSame(await client.upTo(topic, last), upTo(last, 2))
})

t.test('events that come out of order, or only as pointers, are delivered in order', async (t) => {
  const { as, hub, log } = await world(t)
  const client = await as('anna')
  await client.ask({ type: 'subscribe', topic })
  const [one, two, three] = [log.write(topic), log.write(topic), log.write(topic)]
  hub.offer([three])
  hub.offer([two])
  hub.offer([one])
  t.strictSame(await client.upTo(topic, 3), upTo(3))
  t.equal(log.reads, 0, 'the hole was filled in the same turn')
  log.write(topic)
  const five = log.write(topic)
  hub.offer([five, five])
  t.strictSame(await client.upTo(topic, 5), upTo(5), 'a gap is read from the log')
  log.write(topic)
  log.write(topic)
  hub.point([
    [topic, 7],
    [topic, 6],
    [topicNumber(9), 1],
  ])
  t.strictSame(await client.upTo(topic, 7), upTo(7))
})

t.test('an announcement that got lost is found by the reconciliation', async (t) => {
  const { as, clock, log, errors } = await world(t)
  const client = await as('anna')
  await client.ask({ type: 'subscribe', topic })
  log.write(topic)
  clock.move(11_000)
  t.strictSame(await client.upTo(topic, 1), [1])
  log.pause = () => Promise.reject(new Error('log is away'))
  log.write(topic)
  clock.move(11_000)
  await turn()
  t.match(errors, [{ message: 'log is away' }])
  log.pause = async () => {}
  clock.move(11_000)
  t.strictSame(await client.upTo(topic, 2), [1, 2])
})

t.test('a new epoch ends the subscriptions with an invitation to come again', async (t) => {
  const { as, clock, log, emit } = await world(t)
  const client = await as('anna')
  emit(topic)
  await client.ask({ type: 'subscribe', topic })
  log.restart(topic)
  clock.move(11_000)
  t.match(await client.find((frame) => frame.event === 'unsubscribed'), { topic, reason: 'history_changed' })
  t.match(await client.ask({ type: 'subscribe', topic, since: { epoch: 'e1', seq: 1 } }), {
    recovered: false,
    reason: 'epoch_changed',
    epoch: 'e2',
  })
})

t.test('rights: outsiders see nothing, and what is taken away is gone at once', async (t) => {
  const { as, emit, hub, banned, clock } = await world(t)
  const [anna, ben, outsider] = [await as('anna'), await as('ben'), await as('outsider')]
  t.match(await outsider.ask({ type: 'subscribe', topic }), { type: 'error', code: 'NOT_FOUND' })
  for (const client of [anna, ben]) await client.ask({ type: 'subscribe', topic })
  hub.guard('conversation.member_removed', (event) => {
    hub.expel((event.data as { userId: string }).userId, event.topic, 'removed')
  })
  emit(topic)
  emit(topic, 'conversation.member_removed', { userId: 'ben' })
  emit(topic)
  t.strictSame(await anna.upTo(topic, 3), [1, 2, 3])
  t.match(await ben.find((frame) => frame.event === 'unsubscribed'), { topic, reason: 'removed' })
  await ben.ask({ type: 'ping' })
  t.equal(ben.frames.filter((frame) => frame.type === 'event').length, 1)

  await ben.ask({ type: 'subscribe', topic })
  banned.add('ben')
  hub.control({ kind: 'recheck', userId: 'ben' })
  const endings = () => ben.frames.filter((frame) => frame.reason === 'no_longer_allowed').length
  await ben.find((frame) => frame.reason === 'no_longer_allowed')
  banned.delete('ben')
  await ben.ask({ type: 'subscribe', topic })
  banned.add('ben')
  t.match(await ben.ask({ type: 'auth', token: 'ben' }), { type: 'ack' }, 'a fresh token')
  await ben.ask({ type: 'ping' })
  t.equal(endings(), 2)
  banned.delete('ben')
  await ben.ask({ type: 'subscribe', topic })
  banned.add('ben')
  for (let i = 0; i < 12; i++) {
    clock.move(30_000)
    await Promise.all([anna, ben].map((client) => client.ask({ type: 'ping' })))
  }
  t.equal(endings(), 3, 'now and then')
})

t.test('limits and races of subscriptions', async (t) => {
  const { as, hub, log } = await world(t, { limits: { subscriptionsPerConnection: 3 } })
  const client = await as('anna')
  for (const n of [1, 2, 3]) t.match(await client.ask({ type: 'subscribe', topic: topicNumber(n) }), { type: 'ack' })
  t.match(await client.ask({ type: 'subscribe', topic: topicNumber(4) }), { type: 'error', code: 'RATE_LIMITED' })
  t.match(await client.ask({ type: 'unsubscribe', topic: topicNumber(2) }), { type: 'ack' })
  t.match(await client.ask({ type: 'subscribe', topic: topicNumber(4) }), { type: 'ack' })
  t.equal(hub.stats().topics, 3)
  let go = () => {}
  log.pause = () =>
    new Promise((resolve) => {
      go = resolve
    })
  await client.ask({ type: 'unsubscribe', topic: topicNumber(4) })
  client.send({ type: 'subscribe', topic: topicNumber(5) })
  await client.ask({ type: 'ping' })
  await client.close()
  while (hub.stats().connections > 0) await turn()
  go()
  while (hub.stats().topics > 0) await turn()
  t.match(
    hub.stats(),
    { topics: 0, subscriptions: { active: 0 } },
    'nothing is left of a connection that went away meanwhile',
  )
})

t.test('events can have a frame type of their own; ephemeral frames reach all instances and coalesce', async (t) => {
  const { a, b } = await pair(t)
  const source = topicNumber(3)
  const none = { nodes: [], edges: [] }
  const difference = { complete: true, added: none, removed: none, changed: none }
  a.hub.project('graph.updated', ({ data }) => ({ type: 'graph_update', ...data }))
  const [anna, ben, cleo] = [await a.as('anna'), await b.as('ben'), await b.as('cleo')]
  for (const client of [anna, ben]) await client.ask({ type: 'subscribe', topic: source })
  a.emit(source, 'graph.updated', { sourceId: 's', revision: 2, ...difference })
  t.strictSame(await anna.find((frame) => frame.type === 'graph_update'), {
    type: 'graph_update',
    sourceId: 's',
    revision: 2,
    ...difference,
    topic: source,
    epoch: 'e1',
    seq: 1,
  })
  for (let i = 0; i < 5; i++) a.broadcast(source, { type: 'job', id: 'j', state: 'active', progress: i }, 'j1')
  a.broadcast(source, { type: 'reply_delta', messageId: 'm', index: 0, text: 'a' })
  a.broadcast(source, { type: 'reply_delta', messageId: 'm', index: 1, text: 'b' })
  const wanted = (frame: Frame) => frame.type === 'job' || frame.type === 'reply_delta'
  for (const client of [anna, ben]) {
    await client.find((frame) => frame.index === 1)
    t.match(client.frames.filter(wanted), [
      { type: 'job', progress: 4, topic: source },
      { type: 'reply_delta', index: 0 },
      { type: 'reply_delta', index: 1 },
    ])
  }
  await cleo.ask({ type: 'ping' })
  t.strictSame(cleo.frames.filter(wanted), [])
})

t.test('random drops, late and lost announcements: all of it, once, in order', async (t) => {
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)
  t.comment(`SEED=${seed}`)
  let state = seed + 1
  const random = (below: number) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0
    return ((state ^ (state >>> 13)) >>> 0) % below
  }
  const { a, b, bus, log } = await pair(t)
  const worlds = [a, b]
  log.pause = async () => {
    for (let i = random(4); i > 0; i--) await turn()
  }
  const total = 600
  const topics = [1, 2, 3].map(topicNumber)

  async function follow(who: string) {
    const seen = new Map(topics.map((name) => [name, 0]))
    const wrong: string[] = []
    let drops = 0
    const done = () => [...seen.values()].every((seq) => seq === total)
    while (!done()) {
      const client: SocketClient = await worlds[random(2)]!.as(who)
      let read = 0
      const take = () => {
        for (const frame of client.frames.slice(read)) {
          if (frame.type === 'subscribed' && !frame.recovered) wrong.push(`not recovered: ${frame.reason}`)
          if (frame.type !== 'event') continue
          const last = seen.get(frame.topic as string)!
          if (frame.seq !== last + 1) wrong.push(`${frame.topic}: ${frame.seq} behind ${last}`)
          seen.set(frame.topic as string, frame.seq as number)
        }
        read = client.frames.length
      }
      for (const name of topics)
        client.send({ type: 'subscribe', topic: name, since: { epoch: 'e1', seq: seen.get(name)! } })
      const until = 5 + random(120)
      for (let i = 0; i < until && !done(); i++) {
        await turn()
        take()
      }
      if (!done()) drops += 1
      client.socket.terminate()
      await client.closed
      take()
    }
    return { wrong, drops }
  }

  async function write() {
    const written = new Map(topics.map((name) => [name, 0]))
    const late: (() => void)[] = []
    while ([...written.values()].some((count) => count < total)) {
      for (let i = random(6); i > 0; i--) {
        const name = topics[random(3)]!
        if (written.get(name) === total) continue
        written.set(name, written.get(name)! + 1)
        const event = log.write(name)
        const [own, other] = random(2) ? [a, b] : [b, a]
        // A process that dies between commit and announcement announces nothing.
        if (random(20) > 0) late.splice(random(late.length + 1), 0, () => own.hub.offer([event]))
        if (random(10) > 0) late.push(() => other.hub.point([[name, event.seq]]))
      }
      for (let i = random(late.length + 1); i > 0; i--) late.shift()?.()
      bus.lost = random(5) === 0
      if (random(8) === 0) for (const { clock } of worlds) clock.move(500)
      await turn()
    }
    for (const announce of late) announce()
    // The end: whatever is still missing is found by looking.
    const timer = setInterval(() => worlds.forEach(({ clock }) => void clock.move(11_000)), 50)
    t.teardown(() => clearInterval(timer))
  }

  const [, ...followers] = await Promise.all([write(), ...['anna', 'ben', 'cleo', 'dora'].map(follow)])
  t.strictSame(
    followers.flatMap(({ wrong }) => wrong),
    [],
  )
  const drops = followers.reduce((sum, follower) => sum + follower.drops, 0)
  t.ok(drops > 0)
  t.comment(
    `${total * topics.length} events to ${followers.length} clients, ${drops} drops: 0 lost, 0 doubled, 0 out of order`,
  )
  t.strictSame([...a.errors, ...b.errors], [])
})

import { request } from 'node:http'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { type Person, person } from '../helpers/app.ts'
import { testRedis } from '../helpers/redis.ts'
import { type Frame, openSocket, type SocketClient } from '../helpers/socket-client.ts'
import { listening, pair, room } from './listening.ts'

const events = (client: SocketClient) => client.frames.filter((frame) => frame.type === 'event')
const created = (client: SocketClient) => events(client).filter((frame) => frame.name === 'message.created')

t.test('the upgrade', async (t) => {
  const { app, url } = await listening(t, { env: { CORS_ORIGINS: 'https://app.example.com' } })
  const { host } = new URL(url)
  const rows: [origin: string | undefined, status: number][] = [
    [undefined, 101],
    ['https://app.example.com', 101],
    [`http://${host}`, 101],
    ['https://app.example.com.evil.org', 403],
    ['https://evil.org', 403],
    ['null', 403],
    ['', 403],
  ]
  for (const [origin, status] of rows) {
    const answer = await new Promise<{ status: number; body: string }>((resolve, reject) => {
      const call = request(url.replace('ws:', 'http:'), {
        headers: {
          connection: 'upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
          'sec-websocket-protocol': 'parley.v1',
          ...(origin !== undefined && { origin }),
        },
      })
      call.on('upgrade', (response, socket) => {
        socket.destroy()
        resolve({ status: response.statusCode ?? 0, body: response.headers['sec-websocket-protocol'] as string })
      })
      call.on('response', async (response) => {
        let body = ''
        for await (const chunk of response) body += chunk
        resolve({ status: response.statusCode ?? 0, body })
      })
      call.on('error', reject)
      call.end()
    })
    t.equal(answer.status, status, `Origin ${origin}`)
    t.match(answer.body, status === 101 ? 'parley.v1' : 'ORIGIN_NOT_ALLOWED')
  }
  t.equal((await app.inject('/ws')).statusCode, 400, 'not without an upgrade')
  await t.rejects(openSocket(url.replace('/ws', '/nowhere')), /404/)
})

t.test('REST and socket: the same service, the same errors', async (t) => {
  const { app, open } = await listening(t)
  const [owner, guest, outsider] = (await Promise.all(
    ['owner', 'guest', 'outsider'].map((name) => person(app, name)),
  )) as [Person, Person, Person]
  const { url, id, topic } = await room(owner, guest)
  const [a, b, c] = [await open(owner), await open(guest), await open(outsider)]
  for (const client of [a, b]) t.match(await client.ask({ type: 'subscribe', topic }), { type: 'ack', seq: 1 })
  for (const kind of ['conversation', 'workspace', 'user', 'job']) {
    t.match(
      await c.ask({ type: 'subscribe', topic: `${kind}:${id}` }),
      { type: 'error', code: 'NOT_FOUND' },
      `${kind} of others`,
    )
  }
  t.match(await c.ask({ type: 'subscribe', topic: `user:${outsider.id}` }), { type: 'ack' })

  const sent = await a.ask({ type: 'chat', conversationId: id, content: 'over the socket', clientId: 's1' })
  const message = sent.message as { id: string; seq: number }
  t.match(sent, { type: 'ack', message: { content: 'over the socket', seq: 2, authorId: owner.id, clientId: 's1' } })
  t.same((await owner.get(`/api/messages/${message.id}`)).json(), message, 'the ack, REST')
  t.same((await b.find((frame) => frame.type === 'event')).data, message, 'and the event are one')
  t.match(
    await a.ask({ type: 'chat', conversationId: id, content: 'again', clientId: 's1' }),
    { message },
    'once by clientId',
  )
  t.match((await owner.post(`${url}/messages`, { content: 'x', clientId: 's1' })).json(), message, 'over REST too')

  const nowhere = '01920b5e-7d3c-7cc0-8f6e-2f1f0d9a4b11'
  const pairs: [
    name: string,
    frame: { type: string } & Record<string, unknown>,
    as: [SocketClient, Person],
    rest: (as: Person) => ReturnType<Person['get']>,
  ][] = [
    [
      'chat of an outsider',
      { type: 'chat', conversationId: id, content: 'x', clientId: 'x' },
      [c, outsider],
      (as) => as.post(`${url}/messages`, { content: 'x', clientId: 'x' }),
    ],
    [
      'chat without content',
      { type: 'chat', conversationId: id, content: '', clientId: 'x' },
      [a, owner],
      (as) => as.post(`${url}/messages`, { content: '', clientId: 'x' }),
    ],
    [
      'chat with NUL',
      { type: 'chat', conversationId: id, content: '\0', clientId: 'x' },
      [a, owner],
      (as) => as.post(`${url}/messages`, { content: '\0', clientId: 'x' }),
    ],
    [
      'reply to nothing',
      { type: 'chat', conversationId: id, content: 'x', clientId: 'x', replyTo: nowhere },
      [a, owner],
      (as) => as.post(`${url}/messages`, { content: 'x', clientId: 'x', replyTo: nowhere }),
    ],
    [
      'edit of a guest',
      { type: 'edit', messageId: message.id, content: 'x' },
      [b, guest],
      (as) => as.patch(`/api/messages/${message.id}`, { content: 'x' }),
    ],
    [
      'edit of an outsider',
      { type: 'edit', messageId: message.id, content: 'x' },
      [c, outsider],
      (as) => as.patch(`/api/messages/${message.id}`, { content: 'x' }),
    ],
    [
      'edit of nothing',
      { type: 'edit', messageId: nowhere, content: 'x' },
      [a, owner],
      (as) => as.patch(`/api/messages/${nowhere}`, { content: 'x' }),
    ],
    [
      'delete of a guest',
      { type: 'delete', messageId: message.id },
      [b, guest],
      (as) => as.delete(`/api/messages/${message.id}`),
    ],
    [
      'delete of an outsider',
      { type: 'delete', messageId: message.id },
      [c, outsider],
      (as) => as.delete(`/api/messages/${message.id}`),
    ],
    [
      'a stale version',
      { type: 'edit', messageId: message.id, content: 'x', version: 9 },
      [a, owner],
      (as) => as.patch(`/api/messages/${message.id}`, { content: 'x' }, { 'if-match': '"9"' }),
    ],
    [
      'read of an outsider',
      { type: 'read', conversationId: id, seq: 1 },
      [c, outsider],
      (as) => as.post(`${url}/read`, { seq: 1 }),
    ],
    [
      'typing of an outsider',
      { type: 'typing', conversationId: id, active: true },
      [c, outsider],
      (as) => as.post(`${url}/typing`, { active: true }),
    ],
  ]
  for (const [name, frame, [client, as], rest] of pairs) {
    const [error, answer] = [await client.ask(frame), await rest(as)]
    t.match(error, { type: 'error', code: answer.json<{ code: string }>().code }, name)
    t.ok(answer.statusCode >= 400, name)
  }

  t.match(await a.ask({ type: 'edit', messageId: message.id, content: 'edited', version: 1 }), {
    message: { version: 2, content: 'edited' },
  })
  t.match(await a.ask({ type: 'delete', messageId: message.id }), { message: { version: 3, content: '' } })
  t.match(await b.ask({ type: 'read', conversationId: id, seq: 2 }), { type: 'ack', seq: 2, userId: guest.id })
  t.match(await b.ask({ type: 'typing', conversationId: id, active: true }), { type: 'ack' })
  t.match(await a.find((frame) => frame.type === 'typing'), {
    topic,
    conversationId: id,
    userId: guest.id,
    active: true,
  })
  await a.find((frame) => frame.name === 'message.read')
  t.same(
    events(a).map((frame) => [frame.seq, frame.name]),
    [
      [2, 'message.created'],
      [3, 'message.updated'],
      [4, 'message.deleted'],
      [5, 'message.read'],
    ],
  )
})

t.test('a client quicker than its commands is read more slowly, never refused', async (t) => {
  const { app, open } = await listening(t)
  const owner = await person(app)
  const { id } = await room(owner)
  const client = await open(owner)
  const answers = await Promise.all(
    Array.from({ length: 500 }, (_, index) =>
      client.ask({ type: 'chat', conversationId: id, content: `m${index}`, clientId: `c${index}` }),
    ),
  )
  t.same(new Set(answers.map((answer) => answer.type)), new Set(['ack']))
  const seqs = answers.map((answer) => (answer.message as { seq: number }).seq).sort((a, b) => a - b)
  t.same(
    seqs,
    seqs.map((_, index) => (seqs[0] as number) + index),
    'numbered without a gap',
  )
})

t.test('rights that go away while the socket is open', async (t) => {
  const { app, open } = await listening(t)
  const [owner, guest, member] = (await Promise.all(['owner', 'guest', 'member'].map((name) => person(app, name)))) as [
    Person,
    Person,
    Person,
  ]
  const workspace = (await owner.post('/api/workspaces', { name: 'W' })).json<{ id: string }>().id
  await owner.post(`/api/workspaces/${workspace}/members`, { userId: member.id, role: 'member' })
  const url = (await owner.post('/api/conversations', { workspaceId: workspace, assistant: 'off' })).headers
    .location as string
  const topic = `conversation:${url.split('/').at(-1)}`
  await owner.post(`${url}/members`, { userId: guest.id })
  const [g, m] = [await open(guest), await open(member)]
  for (const client of [g, m]) t.match(await client.ask({ type: 'subscribe', topic }), { type: 'ack' })
  t.match(await m.ask({ type: 'subscribe', topic: `workspace:${workspace}` }), { type: 'ack' })

  await owner.delete(`${url}/members/${guest.id}`)
  t.match(await g.find((frame) => frame.event === 'unsubscribed'), { topic, reason: 'removed' })
  await owner.delete(`/api/workspaces/${workspace}/members/${member.id}`)
  t.match(await m.find((frame) => frame.event === 'unsubscribed' && frame.topic === topic), {
    reason: 'no_longer_allowed',
  })
  await m.find((frame) => frame.event === 'unsubscribed' && frame.topic !== topic)
  await owner.post(`${url}/messages`, { content: 'among us' })
  await Promise.all([g, m].map((client) => client.ask({ type: 'ping' })))
  t.same([...created(g), ...created(m)], [])

  await guest.post('/api/auth/logout')
  t.equal((await g.closed).code, 4401, 'signed out')
  const bad = await openSocket((g.socket as unknown as { url: string }).url, { token: guest.token })
  t.equal((await bad.closed).code, 4401)
  t.match(bad.frames.at(-1), { type: 'error', code: 'SESSION_REVOKED' })
})

t.test('closing: drain, 1012 to all, and the server ends', async (t) => {
  const { app, open } = await listening(t)
  const users = await Promise.all(['a', 'b', 'c'].map((name) => person(app, name)))
  const clients = await Promise.all(users.map(open))
  await app.close()
  for (const client of clients) {
    t.equal((await client.closed).code, 1012)
    t.match(client.frames.at(-1), { event: 'drain', reconnectAfterMs: Number })
  }
})

t.test('metrics and health know the sockets', async (t) => {
  const { app, open } = await listening(t)
  const ada = await person(app)
  const client = await open(ada)
  await client.ask({ type: 'subscribe', topic: `user:${ada.id}` })
  const { body } = await app.inject('/metrics')
  t.match(body, /parley_websocket_connections 1\n/)
  t.match(body, /parley_websocket_subscriptions 1\n/)
  t.match((await app.inject('/health')).json(), {
    checks: { websocket: { status: 'ok', connections: 1 }, pubsub: { status: 'ok' } },
  })
})

async function twoInstances(t: Test, env: Record<string, string>) {
  const { a, b } = await pair(t, env)
  const [ada, ben] = (await Promise.all([person(a.app, 'ada'), person(b.app, 'ben')])) as [Person, Person]
  const { id, topic, url } = await room(ada, ben)
  const [onA, onB] = [await a.open(ada), await b.open(ben)]
  t.match(await onA.ask({ type: 'subscribe', topic }), { type: 'ack' })
  t.match(await onB.ask({ type: 'subscribe', topic }), { type: 'ack' })
  t.match(
    await onA.find((frame) => frame.type === 'presence' && frame.userId === ben.id),
    { topic, status: 'online' },
    'presence',
  )
  const count = 40
  const say = (client: SocketClient, who: string) =>
    client.send(
      ...Array.from({ length: count }, (_, n) => ({
        id: 1000 + n,
        type: 'chat',
        conversationId: id,
        content: `${who}${n}`,
        clientId: `${who}${n}`,
      })),
    )
  say(onA, 'a')
  say(onB, 'b')
  const last = 1 + 2 * count
  const [seenA, seenB] = [await onA.upTo(topic, last), await onB.upTo(topic, last)]
  const wanted = Array.from({ length: 2 * count }, (_, n) => n + 2)
  t.same(seenA, wanted)
  t.same(seenB, wanted)
  t.same(
    created(onA).map(({ data }) => data),
    created(onB).map(({ data }) => data),
  )

  await onB.ask({ type: 'typing', conversationId: id, active: true })
  t.match(await onA.find((frame) => frame.type === 'typing'), { userId: ben.id, active: true }, 'typing')
  await onB.ask({ type: 'presence', status: 'away' })
  t.match(await onA.find((frame) => frame.type === 'presence' && frame.status === 'away'), { userId: ben.id })

  await ada.delete(`${url}/members/${ben.id}`)
  t.match(
    await onB.find((frame) => frame.event === 'unsubscribed'),
    { topic, reason: 'removed' },
    'rights, over instances',
  )
  await ben.post('/api/auth/logout-all')
  t.equal((await onB.closed).code, 4401)
}

t.test('two instances, over PostgreSQL', (t) => twoInstances(t, {}))
t.test('two instances, over Redis', async (t) => {
  const url = await testRedis(t)
  if (url !== undefined) await twoInstances(t, { REDIS_URL: url })
})

t.test('an instance whose bus was cut catches up from the table', async (t) => {
  const { a, b } = await pair(t, {})
  const ada = await person(a.app, 'ada')
  const { id, topic } = await room(ada)
  const onB = await b.open(ada)
  await onB.ask({ type: 'subscribe', topic })
  const lost = new Promise<void>((resolve) => b.app.pubsub.onReconnect(resolve))
  await a.app.db
    .sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name like '%-pubsub' and datname = current_database()`
  for (let n = 0; n < 5; n += 1) await ada.post(`/api/conversations/${id}/messages`, { content: `${n}` })
  await lost
  t.same(await onB.upTo(topic, 5), [1, 2, 3, 4, 5])
})

t.test('random drops against two instances: nothing lost, nothing twice, in order', async (t) => {
  const { a, b } = await pair(t, {})
  const seed = Number(process.env.SEED ?? Date.now() % 1_000_000)
  t.comment(`SEED=${seed}`)
  let state = seed
  const random = (below: number) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff
    return (state >>> 8) % below
  }
  const ada = await person(a.app, 'ada')
  const { id, topic } = await room(ada)
  const total = 300
  const head = await (await a.open(ada)).ask({ type: 'subscribe', topic })

  async function write(app: FastifyInstance, from: number, to: number) {
    for (let n = from; n < to; n += 1) {
      const answer = await app.inject({
        method: 'POST',
        url: `/api/conversations/${id}/messages`,
        headers: ada.headers,
        payload: { content: `${n}`, clientId: `w${n}` },
      })
      if (answer.statusCode !== 201) throw new Error(answer.body)
    }
  }

  async function follow() {
    let seq = 0
    const wrong: string[] = []
    let drops = 0
    while (seq < total) {
      const client = await openSocket(random(2) ? a.url : b.url, { token: ada.token })
      client.send({ type: 'subscribe', topic, since: { epoch: head.epoch, seq } })
      const stopAt = seq + 1 + random(40)
      await client.find(
        (frame: Frame) => frame.type === 'event' && (Number(frame.seq) >= stopAt || Number(frame.seq) === total),
      )
      client.socket.terminate()
      await client.closed
      for (const frame of client.frames) {
        if (frame.type === 'subscribed' && !frame.recovered) wrong.push(String(frame.reason))
        if (frame.type !== 'event') continue
        if (frame.seq !== seq + 1) wrong.push(`${frame.seq} behind ${seq}`)
        seq = frame.seq as number
      }
      drops += 1
    }
    return { wrong, drops }
  }
  const [, , ...followers] = await Promise.all([
    write(a.app, 0, total / 2),
    write(b.app, total / 2, total),
    follow(),
    follow(),
    follow(),
  ])
  t.same(
    followers.flatMap(({ wrong }) => wrong),
    [],
  )
  t.comment(
    `${total} messages to 3 followers, ${followers.reduce((sum, { drops }) => sum + drops, 0)} connections dropped`,
  )
})

import { get, type IncomingMessage } from 'node:http'
import t, { type Test } from 'tap'
import { caller, type Person, person, testApp } from '../helpers/app.ts'
import { checkServerFrame } from '../helpers/frames.ts'

type Event = { id?: string; event?: string; data: Record<string, unknown> & { seq?: number } }

/** An EventSource of the tests' own: it keeps all events, and holds each frame against the tables. */
async function follow(t: Test, url: string, token: string, last?: string) {
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, ...(last !== undefined && { 'last-event-id': last }) }
    get(url, { headers }, resolve).on('error', reject)
  })
  t.teardown(() => response.destroy())
  const events: Event[] = []
  const looks = new Set<() => void>()
  let [text, raw] = ['', '']
  const ended = new Promise<void>((resolve) => response.once('close', resolve))
  response.on('error', () => {})
  response.setEncoding('utf8').on('data', (chunk: string) => {
    raw += chunk
    text += chunk
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const fields = new Map(
        text
          .slice(0, end)
          .split('\n')
          .map((line) => line.split(/: (.*)/s) as [string, string]),
      )
      text = text.slice(end + 2)
      const data = fields.get('data')
      if (data === undefined) continue
      const [id, event] = [fields.get('id'), fields.get('event')]
      const one = { ...(id && { id }), ...(event && { event }), data: JSON.parse(data) as Event['data'] }
      if (event !== 'close') checkServerFrame(one.data)
      events.push(one)
    }
    for (const look of [...looks]) look()
  })
  const find = (fits: (event: Event) => boolean) =>
    new Promise<Event>((resolve, reject) => {
      const look = () => {
        const found = events.find(fits)
        if (!found) return
        looks.delete(look)
        resolve(found)
      }
      looks.add(look)
      look()
      void ended.then(() => reject(new Error(`ended: ${raw}`)))
    })
  return {
    response,
    events,
    ended,
    find,
    raw: () => raw,
    lastId: () => events.findLast(({ id }) => id !== undefined)?.id,
    seqs: () => events.filter(({ event }) => event === 'event').map(({ data }) => data.seq),
  }
}

async function world(t: Test) {
  const app = await testApp(t)
  const origin = await app.listen({ port: 0, host: '127.0.0.1' })
  const [owner, guest, outsider] = (await Promise.all(
    ['owner', 'guest', 'outsider'].map((name) => person(app, name)),
  )) as [Person, Person, Person]
  const url = (await owner.post('/api/conversations', { assistant: 'off' })).headers.location as string
  await owner.post(`${url}/members`, { userId: guest.id })
  const topic = `conversation:${url.split('/').at(-1)}`
  const at = (...topics: string[]) => `${origin}/api/events?topics=${topics.join(',')}`
  const say = async (content: string) => (await owner.post(`${url}/messages`, { content })).json<{ seq: number }>().seq
  return { app, owner, guest, outsider, url, topic, at, say }
}

t.test('what can be refused is refused before the stream', async (t) => {
  const { app, owner, outsider, topic } = await world(t)
  const other = 'conversation:01920b5e-7d3c-7cc0-8f6e-2f1f0d9a4b11'
  const many = Array.from({ length: 21 }, (_, n) => `conversation:01920b5e-7d3c-7cc0-8f6e-2f1f0d9a4b${10 + n}`)
  const rows: [name: string, as: Pick<Person, 'get'>, topics: string, status: number, last?: string][] = [
    ['nobody', caller(app), topic, 401],
    ['an outsider', outsider, topic, 404],
    ['one of two is foreign', owner, `user:${owner.id},${other}`, 404],
    ['the topic of another user', outsider, `user:${owner.id}`, 404],
    ['no topic', owner, '', 400],
    ['no topic at all', owner, 'nonsense', 400],
    ['too many', owner, many.join(','), 400],
    ['a forged id', owner, topic, 400, 'x'],
    ['an id of other topics', owner, topic, 400, 'e.1,e.2'],
  ]
  for (const [name, as, topics, status, last] of rows) {
    const answer = await as.get(`/api/events?topics=${topics}`, last === undefined ? {} : { 'last-event-id': last })
    t.equal(answer.statusCode, status, `${name}: ${answer.body}`)
    t.match(answer.headers['content-type'], 'application/problem+json', name)
  }
  t.equal(app.hub.stats().connections, 0, 'and leaves nothing behind')
})

t.test('an API key needs the scope of each topic that it asks for, and no other', async (t) => {
  const { owner, topic, at } = await world(t)
  const workspaceId = (await owner.get(`/api/conversations/${topic.slice(13)}`)).json<{ workspaceId: string }>()
    .workspaceId
  const topics = {
    'conversations:read': topic,
    'workspaces:read': `workspace:${workspaceId}`,
    'account:read': `user:${owner.id}`,
  }
  const key = async (...scopes: string[]) =>
    (await owner.post('/api/auth/api-keys', { name: 'k', scopes })).json<{ key: string }>().key
  for (const [scope, own] of Object.entries(topics)) {
    const stream = await follow(t, at(own), await key(scope))
    t.match((await stream.find(({ event }) => event === 'subscribed')).data, { topic: own }, scope)
    for (const other of Object.values(topics).filter((one) => one !== own)) {
      const refused = await fetch(at(own, other), { headers: { authorization: `Bearer ${await key(scope)}` } })
      t.equal(refused.status, 403, `${scope} and ${other}`)
      t.match(await refused.json(), { code: 'FORBIDDEN' })
    }
  }
  const changes = await follow(
    t,
    at(`changes:${workspaceId}`, topic),
    await key('workspaces:read', 'conversations:read'),
  )
  await changes.find(({ data }) => data.topic === topic)
  await owner.post(`/api/conversations/${topic.slice(13)}/messages`, { content: 'x' })
  t.match(await changes.find(({ event }) => event === 'database_change'), {
    id: /^\w+\.1,\w+\.\d+$/,
    data: { table: 'messages', operation: 'insert', seq: 1 },
  })
})

t.test('events with their numbers, and exactly what was missed after a loss', async (t) => {
  const { app, owner, guest, topic, at, say } = await world(t)
  const first = await follow(t, at(topic, `user:${guest.id}`), guest.token)
  t.match(first.response.headers, {
    'content-type': /^text\/event-stream/,
    'cache-control': 'no-store',
    'x-accel-buffering': 'no',
  })
  await first.find(({ event, data }) => event === 'subscribed' && data.topic !== topic)
  t.match(first.raw(), /^retry: \d+\n\n/)
  const seen = await say('one')
  await first.find(({ data }) => data.seq === seen && data.name === 'message.created')
  t.equal(app.hub.stats().connections, 1, 'counted with the sockets')
  await owner.post(`/api/conversations/${topic.slice(13)}/typing`, { active: true })
  t.notOk((await first.find(({ event }) => event === 'typing')).id, 'what is not numbered moves no position')
  const last = first.lastId() as string
  first.response.destroy()
  await first.ended

  const missed = [await say('two'), await say('three @guest')]
  const second = await follow(t, at(topic, `user:${guest.id}`), guest.token, last)
  await second.find(({ data }) => data.name === 'message.mentioned')
  const now = await say('four')
  await second.find(({ data }) => data.seq === now && data.topic === topic)
  const told = second.events.filter(({ event, data }) => event === 'event' && data.topic === topic)
  t.same(
    told.map(({ data }) => data.seq),
    [...missed, now],
    'once, in order, without a hole',
  )
  t.ok(second.events.filter(({ event }) => event === 'subscribed').every(({ data }) => data.recovered))

  // Torn in the middle of a replay: the id of what was seen is enough.
  for (let n = 0; n < 30; n += 1) await say(`${n}`)
  const whole = await follow(t, at(topic), guest.token, last.split(',')[0])
  const end = await say('end')
  await whole.find(({ data }) => data.seq === end)
  const middle = whole.events.find(({ data }) => data.seq === seen + 9) as Event
  const rest = await follow(t, at(topic), guest.token, middle.id)
  await rest.find(({ data }) => data.seq === end)
  t.same([...whole.seqs().filter((seq) => Number(seq) <= seen + 9), ...rest.seqs()], whole.seqs())

  const lost = await follow(t, at(topic), guest.token, 'gone.3')
  t.match((await lost.find(({ event }) => event === 'subscribed')).data, { recovered: false, reason: 'epoch_changed' })
})

t.test('it ends with the rights, with the session, and with the server', { timeout: 60_000 }, async (t) => {
  const { app, owner, guest, outsider, url, topic, at, say } = await world(t)
  const stream = await follow(t, at(topic), guest.token)
  const kept = await follow(t, at(topic, `user:${owner.id}`), owner.token)
  await stream.find(({ event }) => event === 'subscribed')
  const began = performance.now()
  await owner.delete(`${url}/members/${guest.id}`)
  await stream.ended
  t.ok(performance.now() - began < 2000, 'within two seconds')
  t.match(stream.events.slice(-2), [
    { data: { event: 'unsubscribed', reason: 'removed' } },
    { event: 'close', data: { code: 4403 } },
  ])
  const secret = await say('among us')
  await kept.find(({ data }) => data.seq === secret)
  t.notOk(stream.seqs().includes(secret))

  const own = await follow(t, at(`user:${outsider.id}`), outsider.token)
  await own.find(({ event }) => event === 'subscribed')
  const left = performance.now()
  t.equal((await outsider.post('/api/auth/logout-all')).statusCode < 300, true)
  await own.ended
  t.ok(performance.now() - left < 2000, 'so is a session that ended')
  t.match(own.events.at(-1), { event: 'close', data: { code: 4401 } })

  await app.close()
  await kept.ended
  t.match(
    kept.raw(),
    /retry: \d+\nevent: system\ndata: \{"type":"system","event":"drain"/,
    'each is told when to come back',
  )
  t.match(kept.events.at(-1), { event: 'close', data: { code: 1012 } })
})

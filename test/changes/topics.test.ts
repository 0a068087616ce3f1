import t, { type Test } from 'tap'
import { newId } from '../../src/lib/ids.ts'
import { type Person, person } from '../helpers/app.ts'
import { testRedis } from '../helpers/redis.ts'
import { openSocket, type SocketClient } from '../helpers/socket-client.ts'
import { listening, pair } from '../sockets/listening.ts'
import { change, changesOf, conversationIn, done, followed, gapless, workspaceOf } from './world.ts'

/** Waits until a client was told of the change with this number, and answers all up to it. */
async function upTo(client: SocketClient, topic: string, seq: number) {
  await client.find((frame) => frame.type === 'database_change' && frame.topic === topic && Number(frame.seq) >= seq)
  return changesOf(client, topic)
}

const say = (as: Person, conversationId: string, content = 'x') =>
  done<{ id: string; seq: number }>(as.post(`/api/conversations/${conversationId}/messages`, { content }))

t.test(
  'a workspace that nobody follows writes nothing; from the first subscription on nothing is missing',
  async (t) => {
    const { app, open } = await listening(t)
    const owner = await person(app, 'owner')
    const { id, topic } = await workspaceOf(owner)
    const conversationId = await conversationIn(owner, id)
    await say(owner, conversationId)
    const { sql } = app.db
    const stored = async () => (await sql`select seq from events where topic like 'changes:%'`).length
    t.equal(await stored(), 0)
    t.same(await sql`select 1 from topics where topic like 'changes:%'`, [])

    const client = await open(owner)
    const past = { epoch: 'e1', seq: 3 }
    t.match(await client.ask({ type: 'subscribe', topic, since: past }), {
      type: 'ack',
      seq: 0,
      recovered: false,
      reason: 'epoch_changed',
    })
    await say(owner, conversationId)
    t.match(await upTo(client, topic, 1), [{ seq: 1, table: 'messages', operation: 'insert' }])
    await client.close()
    await say(owner, conversationId)
    t.equal(await stored(), 2, 'it goes on while nobody is there')
    const other = await workspaceOf(owner)
    await say(owner, await conversationIn(owner, other.id))
    t.equal(await stored(), 2, 'in this workspace alone')
    t.same(await sql`select 1 from pending_changes`, [])
  },
)

t.test('a write that was under way when the changes were turned on is waited for', async (t) => {
  const { a, b } = await pair(t)
  const owner = await person(a.app, 'owner')
  const { id, topic } = await workspaceOf(owner)
  const conversationId = await conversationIn(owner, id)
  const clients = await Promise.all([a.open(owner), b.open(owner)])
  let commit = () => {}
  const held = new Promise<void>((resolve) => {
    commit = resolve
  })
  let begun = () => {}
  const wrote = new Promise<void>((resolve) => {
    begun = resolve
  })
  const write = a.app.db.transact(async (tx) => {
    await tx.sql`update conversations set title = 'meanwhile' where id = ${conversationId}`
    begun()
    await held
  })
  await wrote
  let answered = 0
  const answers = clients.map(async (client) => {
    const answer = await client.ask({ type: 'subscribe', topic })
    answered += 1
    return answer
  })
  const row = async () => (await a.app.db.sql`select 1 from change_feeds where workspace_id = ${id}`).length
  while ((await row()) === 0) await new Promise((resolve) => setImmediate(resolve))
  for (const client of clients) await client.ask({ type: 'ping' })
  await a.app.db
    .sql`update conversations set title = 'after it was turned on' where id = ${await conversationIn(owner, id)}`
  t.equal(answered, 0, 'nobody is told where the topic stands yet')
  commit()
  await write
  for (const answer of await Promise.all(answers)) t.match(answer, { type: 'ack', recovered: false })
  t.match(
    (await owner.get(`/api/conversations/${conversationId}`)).json(),
    { title: 'meanwhile' },
    'it is there to be read',
  )
  await say(owner, conversationId)
  for (const client of clients) t.match(await change(client, 'messages', 'insert'), { topic })
})

t.test('who may follow, and for how long', async (t) => {
  const { app, open, url, owner, workspace, topic } = await followed(t)
  const [viewer, guest, outsider] = (await Promise.all(
    ['viewer', 'guest', 'outsider'].map((name) => person(app, name)),
  )) as [Person, Person, Person]
  const foreign = await workspaceOf(outsider)
  const members = `/api/workspaces/${workspace.id}/members`
  await done(owner.post(members, { userId: viewer.id, role: 'viewer' }))
  const conversationId = await conversationIn(owner, workspace.id)
  await done(owner.post(`/api/conversations/${conversationId}/members`, { userId: guest.id }))
  const key = async (scopes: string[]) =>
    (await done<{ key: string }>(owner.post('/api/auth/api-keys', { name: 'k', scopes }))).key
  const rows: [name: string, token: string, topic: string, answer: object][] = [
    ['a viewer', viewer.token, topic, { type: 'ack' }],
    ['a guest of a conversation', guest.token, topic, { type: 'error', code: 'NOT_FOUND' }],
    ['an outsider', outsider.token, topic, { type: 'error', code: 'NOT_FOUND' }],
    ['nothing', owner.token, `changes:${newId()}`, { type: 'error', code: 'NOT_FOUND' }],
    ['a key for workspaces', await key(['workspaces:read']), topic, { type: 'ack' }],
    ['a key for other things', await key(['conversations:read']), topic, { type: 'error', code: 'FORBIDDEN' }],
  ]
  for (const [name, token, asked, answer] of rows) {
    const client = await openSocket(url, { token })
    t.match(await client.ask({ type: 'subscribe', topic: asked }), answer, name)
    await client.close()
  }
  t.same(
    await app.db.sql`select workspace_id from change_feeds`,
    [{ workspace_id: workspace.id }],
    'refusals turn nothing on',
  )

  const [v, o] = [await open(viewer), await open(outsider)]
  await v.ask({ type: 'subscribe', topic })
  await o.ask({ type: 'subscribe', topic: foreign.topic })
  await say(outsider, await conversationIn(outsider, foreign.id))
  await change(o, 'messages', 'insert')
  await say(owner, conversationId)
  await change(v, 'messages', 'insert')
  await done(owner.delete(`${members}/${viewer.id}`))
  // By the change itself or by the look at its rights, whichever comes first.
  t.match(await v.find((frame) => frame.event === 'unsubscribed'), { topic, reason: /^(removed|no_longer_allowed)$/ })
  await say(owner, conversationId)
  await v.ask({ type: 'ping' })
  t.same(
    changesOf(v, topic).filter(({ table }) => table !== 'messages'),
    [],
    'not even of its own removal',
  )
  t.equal(changesOf(v, topic).length, 1)
  t.same(changesOf(v, foreign.topic), [])
  t.ok(changesOf(o, foreign.topic).every(({ record }) => !JSON.stringify(record).includes(workspace.id)))
})

t.test('resume after a drop; a workspace that is purged takes its changes along', async (t) => {
  const { app, open, owner, workspace, topic, client, head } = await followed(t)
  const conversationId = await conversationIn(owner, workspace.id)
  for (let n = 0; n < 5; n += 1) await say(owner, conversationId)
  const last = (await upTo(client, topic, 7)).at(-1)?.seq as number
  client.socket.terminate()
  await client.closed
  for (let n = 0; n < 300; n += 1)
    await app.db.sql`update conversations set version = version + 1 where id = ${conversationId}`
  const back = await open(owner)
  t.match(await back.ask({ type: 'subscribe', topic, since: { epoch: head.epoch, seq: last } }), { recovered: true })
  const missed = await upTo(back, topic, last + 300)
  t.same(
    missed.map(({ seq }) => seq),
    Array.from({ length: 300 }, (_, n) => last + 1 + n),
  )

  const home = `/api/workspaces/${workspace.id}`
  const ifMatch = { 'if-match': (await owner.get(home)).headers.etag as string }
  await done(owner.delete(home, ifMatch))
  t.match(await back.find((frame) => frame.event === 'unsubscribed'), { topic, reason: 'no_longer_allowed' })
  await app.trash.purgeWorkspaces([workspace.id])
  for (const table of ['change_feeds', 'pending_changes'])
    t.same(await app.db.sql`select 1 from ${app.db.sql(table)}`, [])
  t.same(await app.db.sql`select 1 from topics where topic = ${topic}`, [])
})

/** Writers on two instances, in two workspaces at a time and in either order; followers on both. */
async function manyWriters(t: Test, env: Record<string, string>) {
  const { a, b } = await pair(t, env)
  const owner = await person(a.app, 'owner')
  const places = [await workspaceOf(owner, 'One'), await workspaceOf(owner, 'Two')]
  const rooms = await Promise.all(places.map(({ id }) => conversationIn(owner, id)))
  const clients = await Promise.all([a.open(owner), b.open(owner)])
  for (const client of clients)
    for (const { topic } of places) t.match(await client.ask({ type: 'subscribe', topic }), { type: 'ack', seq: 0 })
  const rounds = 40
  const twice = async ({ app }: typeof a, order: readonly string[]) => {
    for (let n = 0; n < rounds; n += 1) {
      await app.db.transact(async (tx) => {
        for (const id of order) {
          await tx.sql`insert into messages (id, conversation_id, seq, role, content) values (${newId()}, ${id}, ${Math.floor(Math.random() * 2 ** 40)}, 'user', '')`
        }
      })
    }
  }
  const chat = async ({ app }: typeof a, who: string) => {
    const headers = owner.headers
    for (let n = 0; n < rounds; n += 1) {
      const payload = { content: `${who} ${n}` }
      await done(app.inject({ method: 'POST', url: `/api/conversations/${rooms[n % 2]}/messages`, headers, payload }))
    }
  }
  await Promise.all([twice(a, rooms), twice(b, rooms.toReversed()), chat(a, 'a'), chat(b, 'b')])
  const count = 3 * rounds
  for (const { topic } of places) {
    const [seen, same] = await Promise.all(clients.map((client) => upTo(client, topic, count)))
    t.same(
      seen?.map(({ seq }) => seq),
      Array.from({ length: count }, (_, n) => n + 1),
      'without a gap',
    )
    t.same(seen, same, 'the same on both instances')
    const numbered = seen?.filter(({ record }) => record.authorId !== null).map(({ record }) => record.seq as number)
    t.equal(numbered?.length, rounds)
    t.same(
      numbered,
      numbered?.toSorted((x, y) => x - y),
      'in the order of the commits',
    )
  }
}
t.test('two instances and writers who cross each other, over PostgreSQL', (t) => manyWriters(t, {}))
t.test('two instances and writers who cross each other, over Redis', async (t) => {
  const url = await testRedis(t)
  if (url !== undefined) await manyWriters(t, { REDIS_URL: url })
})

t.test('a write that no event tells of is noticed too', async (t) => {
  const { app, client, workspace } = await followed(t)
  await app.db.sql`insert into sources (id, workspace_id, name) values (${newId()}, ${workspace.id}, 'quiet')`
  t.match(await change(client, 'sources', 'insert'), { seq: 1 })
  t.ok(gapless(changesOf(client, `changes:${workspace.id}`).map(({ seq }) => seq)))
})

import t from 'tap'
import type { Actor } from '../../src/contracts/policy.ts'
import type { SendBody } from '../../src/messages/model.ts'
import { caller, type Person, person, testApp } from '../helpers/app.ts'
import { fileForm } from '../uploads/form.ts'

interface Row {
  name: string
  as: Pick<Person, 'get' | 'post' | 'patch' | 'delete'>
  call: (as: Row['as']) => Promise<{ statusCode: number; body: string; json: () => unknown }>
  status: number
  body?: object
}
interface Message {
  id: string
  seq: number
  content: string
  version: number
}

const nowhere = '01920b5e-7d3c-7cc0-8f6e-2f1f0d9a4b11'

/** A workspace with everybody in it and a conversation in which the assistant keeps still. */
async function world(t: Parameters<typeof testApp>[0]) {
  const app = await testApp(t)
  const [owner, member, viewer, guest, outsider] = (await Promise.all(
    ['owner', 'member', 'viewer', 'guest', 'outsider'].map((name) => person(app, name)),
  )) as [Person, Person, Person, Person, Person]
  const workspace = (await owner.post('/api/workspaces', { name: 'Team' })).json<{ id: string }>()
  await owner.post(`/api/workspaces/${workspace.id}/members`, { userId: member.id, role: 'member' })
  await owner.post(`/api/workspaces/${workspace.id}/members`, { userId: viewer.id, role: 'viewer' })
  const made = await owner.post('/api/conversations', { workspaceId: workspace.id, assistant: 'off' })
  const url = made.headers.location as string
  await owner.post(`${url}/members`, { userId: guest.id })
  const id = url.split('/').at(-1) as string
  return { app, owner, member, viewer, guest, outsider, nobody: caller(app), workspace, url, id }
}

t.test('messages over REST', async (t) => {
  const { app, owner, member, viewer, guest, outsider, nobody, url, id } = await world(t)
  const other = (await owner.post('/api/conversations', { assistant: 'off' })).headers.location as string
  const foreign = (await owner.post(`${other}/messages`, { content: 'elsewhere' })).json<Message>()
  const first = await owner.post(`${url}/messages`, { content: 'first', clientId: 'c1' })
  t.equal(first.statusCode, 201, first.body)
  const message = first.json<Message>()
  t.match(message, {
    conversationId: id,
    role: 'user',
    authorId: owner.id,
    content: 'first',
    clientId: 'c1',
    attachments: [],
    citations: [],
    status: 'complete',
    version: 1,
    createdAt: String,
  })
  const at = `/api/messages/${message.id}`
  t.equal(first.headers.location, at)
  const etag = first.headers.etag as string
  t.same((await owner.get(at)).json(), message, 'what was answered is what is read')
  t.equal((await owner.get(at)).headers.etag, etag)
  const byGuest = (await guest.post(`${url}/messages`, { content: 'from outside' })).json<Message>()

  const rows: Row[] = [
    {
      name: 'the same clientId again',
      as: owner,
      call: (as) => as.post(`${url}/messages`, { content: 'first', clientId: 'c1' }),
      status: 200,
      body: { id: message.id, seq: message.seq },
    },
    {
      name: 'the same clientId of another author',
      as: member,
      call: (as) => as.post(`${url}/messages`, { content: 'mine', clientId: 'c1' }),
      status: 201,
    },
    {
      name: 'a reply',
      as: member,
      call: (as) => as.post(`${url}/messages`, { content: 're', replyTo: message.id }),
      status: 201,
      body: { replyTo: message.id },
    },
    {
      name: 'a reply to a message of another conversation',
      as: owner,
      call: (as) => as.post(`${url}/messages`, { content: 're', replyTo: foreign.id }),
      status: 422,
      body: { code: 'UNPROCESSABLE' },
    },
    {
      name: 'an unknown upload',
      as: owner,
      call: (as) => as.post(`${url}/messages`, { content: 'x', uploadIds: [nowhere] }),
      status: 422,
    },
    { name: 'without content', as: owner, call: (as) => as.post(`${url}/messages`, {}), status: 400 },
    { name: 'empty', as: owner, call: (as) => as.post(`${url}/messages`, { content: '' }), status: 400 },
    {
      name: 'too long',
      as: owner,
      call: (as) => as.post(`${url}/messages`, { content: 'x'.repeat(16_001) }),
      status: 400,
    },
    { name: 'NUL', as: owner, call: (as) => as.post(`${url}/messages`, { content: 'a\u0000b' }), status: 400 },
    {
      name: 'somebody else as the author',
      as: owner,
      call: (as) => as.post(`${url}/messages`, { content: 'x', authorId: member.id }),
      status: 400,
    },
    {
      name: 'a lone surrogate',
      as: owner,
      call: (as) => as.post(`${url}/messages`, { content: 'a\ud800' }),
      status: 400,
    },
    {
      name: 'send as a viewer',
      as: viewer,
      call: (as) => as.post(`${url}/messages`, { content: 'x' }),
      status: 403,
      body: { code: 'FORBIDDEN' },
    },
    {
      name: 'send as an outsider',
      as: outsider,
      call: (as) => as.post(`${url}/messages`, { content: 'x' }),
      status: 404,
      body: { code: 'NOT_FOUND' },
    },
    { name: 'send as nobody', as: nobody, call: (as) => as.post(`${url}/messages`, { content: 'x' }), status: 401 },
    {
      name: 'send to nowhere',
      as: owner,
      call: (as) => as.post(`/api/conversations/${nowhere}/messages`, { content: 'x' }),
      status: 404,
    },

    {
      name: 'list as a viewer',
      as: viewer,
      call: (as) => as.get(`${url}/messages?order=asc`),
      status: 200,
      body: {
        items: [{ content: 'first' }, { content: 'from outside' }, { content: 'mine' }, {}],
        nextCursor: null,
      },
    },
    {
      name: 'list, newest first',
      as: guest,
      call: (as) => as.get(`${url}/messages?limit=2`),
      status: 200,
      body: { items: [{ replyTo: message.id }, {}], nextCursor: String },
    },
    { name: 'list as an outsider', as: outsider, call: (as) => as.get(`${url}/messages`), status: 404 },
    { name: 'list as nobody', as: nobody, call: (as) => as.get(`${url}/messages`), status: 401 },
    { name: 'list with a bad cursor', as: owner, call: (as) => as.get(`${url}/messages?cursor=WyJ4Il0`), status: 400 },
    { name: 'list nowhere', as: owner, call: (as) => as.get(`/api/conversations/${nowhere}/messages`), status: 404 },
    {
      name: 'an empty list',
      as: owner,
      call: async (as) => as.get(`${(await owner.post('/api/conversations', {})).headers.location}/messages`),
      status: 200,
      body: { items: [], nextCursor: null },
    },

    { name: 'get as a guest', as: guest, call: (as) => as.get(at), status: 200 },
    { name: 'get as an outsider', as: outsider, call: (as) => as.get(at), status: 404 },
    { name: 'get as nobody', as: nobody, call: (as) => as.get(at), status: 401 },
    { name: 'get with a bad id', as: owner, call: (as) => as.get('/api/messages/x'), status: 400 },
    { name: 'get nowhere', as: owner, call: (as) => as.get(`/api/messages/${nowhere}`), status: 404 },

    { name: 'edit of another as a member', as: member, call: (as) => as.patch(at, { content: 'x' }), status: 403 },
    { name: 'edit of another as a guest', as: guest, call: (as) => as.patch(at, { content: 'x' }), status: 403 },
    { name: 'edit as an outsider', as: outsider, call: (as) => as.patch(at, { content: 'x' }), status: 404 },
    { name: 'edit as nobody', as: nobody, call: (as) => as.patch(at, { content: 'x' }), status: 401 },
    { name: 'edit without content', as: owner, call: (as) => as.patch(at, {}), status: 400 },
    {
      name: 'edit of what cannot be edited',
      as: owner,
      call: (as) => as.patch(at, { content: 'x', role: 'assistant' }),
      status: 400,
    },
    {
      name: 'edit with a stale If-Match',
      as: owner,
      call: (as) => as.patch(at, { content: 'x' }, { 'if-match': '"old"' }),
      status: 412,
    },
    {
      name: 'edit with the right one',
      as: owner,
      call: (as) => as.patch(at, { content: 'second' }, { 'if-match': etag }),
      status: 200,
      body: { content: 'second', version: 2, seq: message.seq, editedAt: String },
    },
    {
      name: 'edit with it again',
      as: owner,
      call: (as) => as.patch(at, { content: 'x' }, { 'if-match': etag }),
      status: 412,
    },
    {
      name: 'edit without If-Match',
      as: owner,
      call: (as) => as.patch(at, { content: 'third' }),
      status: 200,
      body: { version: 3 },
    },
    {
      name: "a moderator edits a guest's",
      as: owner,
      call: (as) => as.patch(`/api/messages/${byGuest.id}`, { content: 'tidied' }),
      status: 200,
    },

    { name: 'delete of another as a member', as: member, call: (as) => as.delete(at), status: 403 },
    { name: 'delete as an outsider', as: outsider, call: (as) => as.delete(at), status: 404 },
    { name: 'delete as nobody', as: nobody, call: (as) => as.delete(at), status: 401 },
    { name: 'delete with a stale If-Match', as: owner, call: (as) => as.delete(at, { 'if-match': etag }), status: 412 },
    { name: 'delete', as: owner, call: (as) => as.delete(at), status: 204 },
    { name: 'delete again', as: owner, call: (as) => as.delete(at), status: 204 },
    {
      name: 'what is left',
      as: guest,
      call: (as) => as.get(at),
      status: 200,
      body: { content: '', deletedAt: String, version: 4 },
    },
    { name: 'edit of what is deleted', as: owner, call: (as) => as.patch(at, { content: 'x' }), status: 409 },
    {
      name: "a moderator deletes a guest's",
      as: owner,
      call: (as) => as.delete(`/api/messages/${byGuest.id}`),
      status: 204,
    },

    {
      name: 'read marker',
      as: guest,
      call: (as) => as.post(`${url}/read`, { seq: 4 }),
      status: 200,
      body: { conversationId: id, userId: guest.id, seq: 4 },
    },
    {
      name: 'it never goes back',
      as: guest,
      call: (as) => as.post(`${url}/read`, { seq: 1 }),
      status: 200,
      body: { seq: 4 },
    },
    {
      name: 'nor past the end',
      as: member,
      call: (as) => as.post(`${url}/read`, { seq: 9_000_000 }),
      status: 200,
      body: { seq: Number },
    },
    { name: 'read with a bad number', as: guest, call: (as) => as.post(`${url}/read`, { seq: -1 }), status: 400 },
    { name: 'read as an outsider', as: outsider, call: (as) => as.post(`${url}/read`, { seq: 1 }), status: 404 },
    { name: 'read as nobody', as: nobody, call: (as) => as.post(`${url}/read`, { seq: 1 }), status: 401 },
  ]
  for (const { name, as, call, status, body } of rows) {
    const answer = await call(as)
    t.equal(answer.statusCode, status, `${name}: ${answer.statusCode === status ? '' : answer.body}`)
    if (body !== undefined) t.match(answer.json(), body, name)
  }

  const events = await app.db.sql<
    { seq: number; name: string; data: { id?: string; seq?: number; content?: string } }[]
  >`
    select seq, name, data from events where topic = ${`conversation:${id}`} order by seq`
  t.same(
    events.map(({ seq }) => seq),
    events.map((_, index) => index + 1),
    'numbered without a gap',
  )
  const told = events.filter(({ name }) => name === 'message.created')
  t.ok(
    told.every(({ seq, data }) => data.seq === seq),
    'a message has the number of its event',
  )
  const stored = await app.db.sql`select id, seq, content from messages where conversation_id = ${id} order by seq`
  t.same(
    stored.map((row) => [row.id, row.seq]),
    told.map(({ data, seq }) => [data.id, seq]),
  )
  t.match(
    events.filter(({ name }) => name === 'message.deleted').map(({ data }) => data.content),
    ['', ''],
  )
})

t.test('a hundred at once: gapless, each once, in the order of each author', async (t) => {
  const { app, owner, member, outsider, url, id } = await world(t)
  const before = (await app.db.sql`select seq from topics where topic = ${`conversation:${id}`}`)[0]?.seq as number
  const send = (as: Person, n: number) => as.post(`${url}/messages`, { content: `${n}`, clientId: `k${n % 40}` })
  const answers = await Promise.all([
    ...Array.from({ length: 60 }, (_, n) => send(owner, n)),
    ...Array.from({ length: 40 }, (_, n) => send(member, n)),
    ...Array.from({ length: 10 }, (_, n) => send(outsider, n)),
  ])
  const count = (status: number) => answers.filter(({ statusCode }) => statusCode === status).length
  t.same([count(201), count(200), count(404)], [80, 20, 10], 'twenty clientIds came twice')
  const rows = await app.db.sql<{ seq: number; content: string; author_id: string }[]>`
    select seq, content, author_id from messages where conversation_id = ${id} order by seq`
  t.same(
    rows.map(({ seq }) => seq),
    Array.from({ length: 80 }, (_, n) => before + 1 + n),
  )
  for (const who of [owner, member]) {
    const order = rows.filter(({ author_id }) => author_id === who.id).map(({ content }) => Number(content))
    t.same(
      order,
      [...order].sort((a, b) => a - b),
      'in the order in which they were sent',
    )
  }
  const seen: number[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: { items: Message[]; nextCursor: string | null } = (
      await owner.get(`${url}/messages?limit=13${cursor && `&cursor=${cursor}`}`)
    ).json()
    seen.push(...page.items.map(({ seq }) => seq))
    cursor = page.nextCursor
    await member.post(`${url}/messages`, { content: 'late' })
  }
  t.same(seen, rows.map(({ seq }) => seq).reverse(), 'pages are stable while others write')
})

t.test('attachments: uploads of the workspace, that the author may see', async (t) => {
  const { owner, member, guest, outsider, workspace, url } = await world(t)
  const upload = async (as: Person, query: string) => {
    const { payload, headers } = fileForm('notes.txt', 'some notes')
    const answer = await as.post(`/api/uploads${query}`, payload, headers)
    if (answer.statusCode !== 201) throw new Error(answer.body)
    return answer.json<{ id: string }>().id
  }
  const shared = await upload(member, `?workspaceId=${workspace.id}`)
  const unattached = await upload(member, `?workspaceId=${workspace.id}`)
  const elsewhere = await upload(owner, '')
  const foreign = await upload(outsider, '')
  const send = (as: Person, ...uploadIds: string[]) => as.post(`${url}/messages`, { content: 'see there', uploadIds })
  const sent = await send(owner, shared)
  t.equal(sent.statusCode, 201, sent.body)
  t.same((await guest.get(sent.headers.location as string)).json<{ attachments: string[] }>().attachments, [shared])
  for (const [name, as, ids] of [
    ['of another workspace', owner, [elsewhere]],
    ['of somebody else', owner, [foreign]],
    ['one good, one not', member, [shared, foreign]],
    ['by a guest, who does not see it', guest, [unattached]],
  ] as const) {
    t.equal((await send(as, ...ids)).statusCode, 422, name)
  }
  t.equal((await send(owner, shared, shared)).statusCode, 400, 'the same twice')
})

t.test('with an Idempotency-Key the answer is repeated, and nothing is stored twice', async (t) => {
  const { app, owner, url, id } = await world(t)
  const key = { 'idempotency-key': 'm1' }
  const [first, second] = [
    await owner.post(`${url}/messages`, { content: 'once' }, key),
    await owner.post(`${url}/messages`, { content: 'once' }, key),
  ]
  t.same([first.statusCode, second.statusCode], [201, 201])
  t.same(second.json(), first.json())
  const many = await Promise.all(
    Array.from({ length: 12 }, (_, n) =>
      owner.post(`${url}/messages`, { content: `${n}` }, { 'idempotency-key': `n${n}` }),
    ),
  )
  t.ok(
    many.every(({ statusCode }) => statusCode === 201),
    'more than the pool has connections',
  )
  t.equal((await app.db.sql`select 1 from messages where conversation_id = ${id}`).length, 13)
})

t.test('messages of many that come at once: each gets its own answer, in the order in which they came', async (t) => {
  const { app, owner, member, viewer, guest, outsider, workspace, id } = await world(t)
  const made = await owner.post('/api/conversations', { workspaceId: workspace.id, assistant: 'always' })
  const asked = (made.headers.location as string).split('/').at(-1) as string
  const by = ({ id: userId }: Person): Actor => ({ userId, role: 'user', tier: 'free' })
  const before = await app.messages.send(by(owner), id, { content: 'known', clientId: 'c1' })
  const nowhereElse = { message: { conversationId: id } }
  const rows: [who: Person, conversation: string, input: SendBody, outcome: object][] = [
    [owner, id, { content: 'first' }, nowhereElse],
    [outsider, id, { content: 'from outside' }, { code: 'NOT_FOUND' }],
    [viewer, id, { content: 'only reads' }, { code: 'FORBIDDEN' }],
    [owner, id, { content: 'known again', clientId: 'c1' }, { created: false, message: { id: before.message.id } }],
    [guest, id, { content: 'second', clientId: 'c1' }, nowhereElse],
    [owner, asked, { content: 'What is this?' }, { reply: { messageId: String } }],
    [member, nowhere, { content: 'to nobody' }, { code: 'NOT_FOUND' }],
    [member, id, { content: 'third' }, nowhereElse],
    [owner, asked, { content: 'And that?' }, { created: true, message: { conversationId: asked } }],
    [owner, id, { content: 'fourth' }, nowhereElse],
  ]
  const outcomes = await Promise.all(
    rows.map(([who, to, input]) => app.messages.send(by(who), to, input).catch((error: unknown) => error)),
  )
  for (const [index, [, , { content }, outcome]] of rows.entries()) t.match(outcomes[index], outcome, content)
  const contents = async (conversation: string) =>
    (
      await app.db.sql<{ content: string }[]>`
        select content from messages where conversation_id = ${conversation} and role = 'user' order by seq`
    ).map(({ content }) => content)
  t.same(await contents(id), ['known', 'first', 'second', 'third', 'fourth'])
  t.same(await contents(asked), ['What is this?', 'And that?'])
  const [same] = await Promise.all(
    ['one', 'two'].map((content) => app.messages.send(by(owner), id, { content, clientId: 'twice' })),
  )
  t.equal((await contents(id)).length, 6, 'the same clientId twice at once is one message')
  t.equal(same?.message.content, 'one')
})

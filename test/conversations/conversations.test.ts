import t from 'tap'
import { caller, type Person, person, testApp } from '../helpers/app.ts'

interface Row {
  name: string
  as: Pick<Person, 'get' | 'post' | 'patch' | 'delete'>
  call: (as: Row['as']) => Promise<{ statusCode: number; body: string; json: () => unknown }>
  status: number
  body?: object
}

async function check(
  t: { equal: typeof Object.is; match: (found: unknown, wanted: object, name: string) => unknown },
  rows: Row[],
) {
  for (const { name, as, call, status, body } of rows) {
    const answer = await call(as)
    ;(t.equal as (a: unknown, b: unknown, name: string) => unknown)(
      answer.statusCode,
      status,
      `${name}: ${answer.statusCode === status ? '' : answer.body}`,
    )
    if (body !== undefined) t.match(answer.json(), body, name)
  }
}

const nowhere = '01920b5e-7d3c-7cc0-8f6e-2f1f0d9a4b11'

t.test('conversations and members', async (t) => {
  const app = await testApp(t)
  const [owner, member, viewer, guest, outsider] = (await Promise.all(
    ['owner', 'member', 'viewer', 'guest', 'outsider'].map((name) => person(app, name)),
  )) as [Person, Person, Person, Person, Person]
  const nobody = caller(app)
  const workspace = (await owner.post('/api/workspaces', { name: 'Team' })).json<{ id: string }>()
  for (const [who, role] of [
    [member, 'member'],
    [viewer, 'viewer'],
  ] as const) {
    await owner.post(`/api/workspaces/${workspace.id}/members`, { userId: who.id, role })
  }
  const made = await owner.post('/api/conversations', { title: 'Plan', workspaceId: workspace.id, assistant: 'off' })
  t.equal(made.statusCode, 201, made.body)
  t.match(made.json(), {
    title: 'Plan',
    workspaceId: workspace.id,
    assistant: 'off',
    createdBy: owner.id,
    version: 1,
    role: 'owner',
    unread: 0,
  })
  const url = made.headers.location as string
  const etag = made.headers.etag as string
  t.match((await owner.get(url, { 'if-none-match': etag })).statusCode, 304)
  t.match(
    (await owner.post('/api/conversations', {})).json(),
    { title: 'New conversation', assistant: 'auto' },
    'personal by default',
  )

  await check(t as never, [
    { name: 'create as nobody', as: nobody, call: (as) => as.post('/api/conversations', {}), status: 401 },
    {
      name: 'create with an unknown property',
      as: owner,
      call: (as) => as.post('/api/conversations', { role: 'owner' }),
      status: 400,
    },
    {
      name: 'create with a wrong mode',
      as: owner,
      call: (as) => as.post('/api/conversations', { assistant: 'yes' }),
      status: 400,
    },
    {
      name: 'create with NUL',
      as: owner,
      call: (as) => as.post('/api/conversations', { title: 'a\u0000' }),
      status: 400,
    },
    {
      name: 'create in a foreign workspace',
      as: outsider,
      call: (as) => as.post('/api/conversations', { workspaceId: workspace.id }),
      status: 404,
      body: { code: 'NOT_FOUND' },
    },
    {
      name: 'create as a viewer',
      as: viewer,
      call: (as) => as.post('/api/conversations', { workspaceId: workspace.id }),
      status: 403,
      body: { code: 'FORBIDDEN' },
    },
    {
      name: 'create as a member',
      as: member,
      call: (as) => as.post('/api/conversations', { workspaceId: workspace.id }),
      status: 201,
    },
    { name: 'read', as: owner, call: (as) => as.get(url), status: 200, body: { title: 'Plan', role: 'owner' } },
    {
      name: 'read as a member of the workspace',
      as: viewer,
      call: (as) => as.get(url),
      status: 200,
      body: { role: null },
    },
    { name: 'read as an outsider', as: outsider, call: (as) => as.get(url), status: 404 },
    { name: 'read as nobody', as: nobody, call: (as) => as.get(url), status: 401 },
    { name: 'read what is nowhere', as: owner, call: (as) => as.get(`/api/conversations/${nowhere}`), status: 404 },
    { name: 'read with a bad id', as: owner, call: (as) => as.get('/api/conversations/1'), status: 400 },
    {
      name: 'list as a member',
      as: member,
      call: (as) => as.get(`/api/conversations?workspaceId=${workspace.id}`),
      status: 200,
      body: { items: [{}, { title: 'Plan' }], nextCursor: null },
    },
    {
      name: 'list of a foreign workspace',
      as: outsider,
      call: (as) => as.get(`/api/conversations?workspaceId=${workspace.id}`),
      status: 404,
    },
    {
      name: 'list as an outsider',
      as: outsider,
      call: (as) => as.get('/api/conversations'),
      status: 200,
      body: { items: [], nextCursor: null },
    },
    {
      name: 'list with a bad cursor',
      as: owner,
      call: (as) => as.get('/api/conversations?cursor=x'),
      status: 400,
      body: { code: 'INVALID_CURSOR' },
    },
    { name: 'list too much', as: owner, call: (as) => as.get('/api/conversations?limit=101'), status: 400 },
    { name: 'list as nobody', as: nobody, call: (as) => as.get('/api/conversations'), status: 401 },

    {
      name: 'add a guest by email',
      as: owner,
      call: (as) => as.post(`${url}/members`, { email: guest.email.toUpperCase() }),
      status: 201,
      body: { role: 'guest', userId: guest.id, name: 'guest', readSeq: 0 },
    },
    {
      name: 'add a member by id',
      as: owner,
      call: (as) => as.post(`${url}/members`, { userId: member.id }),
      status: 201,
      body: { role: 'member' },
    },
    { name: 'add twice', as: owner, call: (as) => as.post(`${url}/members`, { userId: member.id }), status: 409 },
    { name: 'add nobody', as: owner, call: (as) => as.post(`${url}/members`, {}), status: 400 },
    {
      name: 'add an unknown email',
      as: owner,
      call: (as) => as.post(`${url}/members`, { email: 'who@example.org' }),
      status: 202,
    },
    {
      name: 'add as a member',
      as: member,
      call: (as) => as.post(`${url}/members`, { userId: outsider.id }),
      status: 403,
    },
    {
      name: 'add as an outsider',
      as: outsider,
      call: (as) => as.post(`${url}/members`, { userId: outsider.id }),
      status: 404,
    },
    {
      name: 'add as nobody',
      as: nobody,
      call: (as) => as.post(`${url}/members`, { userId: outsider.id }),
      status: 401,
    },
    {
      name: 'members as a guest',
      as: guest,
      call: (as) => as.get(`${url}/members?limit=2`),
      status: 200,
      body: { items: [{}, {}], nextCursor: String },
    },
    { name: 'members as an outsider', as: outsider, call: (as) => as.get(`${url}/members`), status: 404 },
    { name: 'members as nobody', as: nobody, call: (as) => as.get(`${url}/members`), status: 401 },
    { name: 'members with a bad limit', as: owner, call: (as) => as.get(`${url}/members?limit=0`), status: 400 },
    {
      name: 'a guest sees the conversation',
      as: guest,
      call: (as) => as.get(url),
      status: 200,
      body: { role: 'guest' },
    },
    {
      name: 'and nothing else of the workspace',
      as: guest,
      call: (as) => as.get('/api/conversations'),
      status: 200,
      body: { items: [{ title: 'Plan' }], nextCursor: null },
    },
    { name: 'nor the workspace', as: guest, call: (as) => as.get(`/api/workspaces/${workspace.id}`), status: 404 },

    { name: 'change without If-Match', as: owner, call: (as) => as.patch(url, { title: 'x' }), status: 428 },
    {
      name: 'change with a stale If-Match',
      as: owner,
      call: (as) => as.patch(url, { title: 'x' }, { 'if-match': '"x"' }),
      status: 412,
    },
    { name: 'change nothing', as: owner, call: (as) => as.patch(url, {}, { 'if-match': etag }), status: 400 },
    {
      name: 'change as a guest',
      as: guest,
      call: (as) => as.patch(url, { title: 'x' }, { 'if-match': etag }),
      status: 403,
    },
    {
      name: 'change as a viewer',
      as: viewer,
      call: (as) => as.patch(url, { title: 'x' }, { 'if-match': etag }),
      status: 403,
    },
    {
      name: 'change as an outsider',
      as: outsider,
      call: (as) => as.patch(url, { title: 'x' }, { 'if-match': '*' }),
      status: 404,
    },
    {
      name: 'change as nobody',
      as: nobody,
      call: (as) => as.patch(url, { title: 'x' }, { 'if-match': '*' }),
      status: 401,
    },
    {
      name: 'change as a member',
      as: member,
      call: (as) => as.patch(url, { title: 'Release' }, { 'if-match': etag }),
      status: 200,
      body: { title: 'Release', assistant: 'off', version: 2 },
    },
    {
      name: 'change with the old version',
      as: owner,
      call: (as) => as.patch(url, { title: 'x' }, { 'if-match': etag }),
      status: 412,
    },

    { name: 'typing', as: guest, call: (as) => as.post(`${url}/typing`, { active: true }), status: 204 },
    { name: 'typing as a viewer', as: viewer, call: (as) => as.post(`${url}/typing`, { active: true }), status: 403 },
    {
      name: 'typing as an outsider',
      as: outsider,
      call: (as) => as.post(`${url}/typing`, { active: true }),
      status: 404,
    },
    { name: 'typing without saying what', as: guest, call: (as) => as.post(`${url}/typing`, {}), status: 400 },
    { name: 'typing as nobody', as: nobody, call: (as) => as.post(`${url}/typing`, { active: true }), status: 401 },

    {
      name: 'remove somebody as a guest',
      as: guest,
      call: (as) => as.delete(`${url}/members/${member.id}`),
      status: 403,
    },
    {
      name: 'remove as an outsider',
      as: outsider,
      call: (as) => as.delete(`${url}/members/${member.id}`),
      status: 404,
    },
    { name: 'remove as nobody', as: nobody, call: (as) => as.delete(`${url}/members/${member.id}`), status: 401 },
    { name: 'remove with a bad id', as: owner, call: (as) => as.delete(`${url}/members/1`), status: 400 },
    { name: 'remove who is none', as: owner, call: (as) => as.delete(`${url}/members/${outsider.id}`), status: 404 },
    { name: 'the owner stays', as: owner, call: (as) => as.delete(`${url}/members/${owner.id}`), status: 409 },
    { name: 'leave', as: guest, call: (as) => as.delete(`${url}/members/${guest.id}`), status: 204 },
    { name: 'read after having left', as: guest, call: (as) => as.get(url), status: 404 },
    { name: 'remove a member', as: owner, call: (as) => as.delete(`${url}/members/${member.id}`), status: 204 },
    {
      name: 'who still reads as a member of the workspace',
      as: member,
      call: (as) => as.get(url),
      status: 200,
      body: { role: null },
    },

    { name: 'delete without If-Match', as: owner, call: (as) => as.delete(url), status: 428 },
    {
      name: 'delete with a stale If-Match',
      as: owner,
      call: (as) => as.delete(url, { 'if-match': etag }),
      status: 412,
    },
    { name: 'delete as a member', as: member, call: (as) => as.delete(url, { 'if-match': '*' }), status: 403 },
    { name: 'delete as an outsider', as: outsider, call: (as) => as.delete(url, { 'if-match': '*' }), status: 404 },
    { name: 'delete as nobody', as: nobody, call: (as) => as.delete(url, { 'if-match': '*' }), status: 401 },
    { name: 'delete', as: owner, call: (as) => as.delete(url, { 'if-match': '*' }), status: 204 },
    { name: 'read what was deleted', as: owner, call: (as) => as.get(url), status: 404 },
    {
      name: 'write where it was deleted',
      as: owner,
      call: (as) => as.post(`${url}/messages`, { content: 'x' }),
      status: 404,
    },
  ])
  const id = url.split('/').at(-1) as string
  const events = await app.db.sql<
    { name: string }[]
  >`select name from events where topic = ${`conversation:${id}`} order by seq`
  t.same(
    events.map(({ name }) => name),
    [
      'conversation.member_added',
      'conversation.member_added',
      'conversation.updated',
      'conversation.member_removed',
      'conversation.member_removed',
      'conversation.deleted',
    ],
  )
})

t.test('many at once: each is made once, lists are stable, keys are honoured', async (t) => {
  const app = await testApp(t)
  const [ada, ben] = await Promise.all([person(app, 'ada'), person(app, 'ben')])
  const workspace = (await ada.post('/api/workspaces', { name: 'Team' })).json<{ id: string }>()
  const answers = await Promise.all([
    ...Array.from({ length: 30 }, (_, i) =>
      ada.post('/api/conversations', { title: `c${i}`, workspaceId: workspace.id }),
    ),
    ...Array.from({ length: 5 }, () => ben.post('/api/conversations', { workspaceId: workspace.id })),
  ])
  t.equal(answers.filter(({ statusCode }) => statusCode === 201).length, 30)
  t.equal(answers.filter(({ statusCode }) => statusCode === 404).length, 5, 'one refused does not take others along')
  const seen: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: { items: { title: string }[]; nextCursor: string | null } = (
      await ada.get(`/api/conversations?limit=7${cursor && `&cursor=${cursor}`}`)
    ).json()
    seen.push(...page.items.map(({ title }) => title))
    cursor = page.nextCursor
    await ada.post('/api/conversations', { title: 'late', workspaceId: workspace.id })
  }
  t.equal(new Set(seen).size, 30)
  t.notOk(seen.includes('late'))

  const key = { 'idempotency-key': 'k1' }
  const [first, second] = [
    await ada.post('/api/conversations', { title: 'once' }, key),
    await ada.post('/api/conversations', { title: 'once' }, key),
  ]
  t.equal(second.headers['idempotency-replayed'], 'true')
  t.same(second.json(), first.json())
  t.equal((await ada.post('/api/conversations', { title: 'other' }, key)).statusCode, 422)
  const refused = await Promise.all(
    Array.from({ length: 12 }, (_, i) =>
      ben.post('/api/conversations', { workspaceId: workspace.id }, { 'idempotency-key': `r${i}` }),
    ),
  )
  t.ok(
    refused.every(({ statusCode }) => statusCode === 404),
    'more refused ones than the pool has connections',
  )
})

import t from 'tap'
import { caller, type Person, person, testApp } from '../helpers/app.ts'

interface Row {
  name: string
  as: Pick<Person, 'get' | 'post' | 'patch' | 'delete'>
  call: (as: Row['as']) => Promise<{ statusCode: number; body: string; json: () => unknown }>
  status: number
  code?: string
}

t.test('workspaces and members', async (t) => {
  const app = await testApp(t)
  const [owner, admin, member, viewer, outsider] = (await Promise.all(
    ['owner', 'admin', 'member', 'viewer', 'outsider'].map((name) => person(app, name)),
  )) as [Person, Person, Person, Person, Person]
  const nobody = caller(app)
  const created = await owner.post('/api/workspaces', { name: 'Research' })
  t.equal(created.statusCode, 201)
  const workspace = created.json<{ id: string; version: number }>()
  t.equal(created.headers.location, `/api/workspaces/${workspace.id}`)
  const url = `/api/workspaces/${workspace.id}`
  const etag = created.headers.etag as string

  const rows: Row[] = [
    { name: 'create without a name', as: owner, call: (as) => as.post('/api/workspaces', {}), status: 400 },
    {
      name: 'create with a blank name',
      as: owner,
      call: (as) => as.post('/api/workspaces', { name: '  ' }),
      status: 400,
    },
    { name: 'create as nobody', as: nobody, call: (as) => as.post('/api/workspaces', { name: 'x' }), status: 401 },
    {
      name: 'add by id',
      as: owner,
      call: (as) => as.post(`${url}/members`, { userId: admin.id, role: 'admin' }),
      status: 201,
    },
    {
      name: 'add by email',
      as: admin,
      call: (as) => as.post(`${url}/members`, { email: member.email.toUpperCase(), role: 'member' }),
      status: 201,
    },
    {
      name: 'add a viewer',
      as: admin,
      call: (as) => as.post(`${url}/members`, { userId: viewer.id, role: 'viewer' }),
      status: 201,
    },
    {
      name: 'add twice',
      as: owner,
      call: (as) => as.post(`${url}/members`, { userId: admin.id, role: 'admin' }),
      status: 409,
    },
    {
      name: 'add an unknown email',
      as: owner,
      call: (as) => as.post(`${url}/members`, { email: 'x@example.org', role: 'member' }),
      status: 202,
    },
    {
      name: 'add with a role that is not given',
      as: owner,
      call: (as) => as.post(`${url}/members`, { userId: outsider.id, role: 'owner' }),
      status: 400,
    },
    { name: 'add nobody', as: owner, call: (as) => as.post(`${url}/members`, { role: 'member' }), status: 400 },
    {
      name: 'add as a member',
      as: member,
      call: (as) => as.post(`${url}/members`, { userId: outsider.id, role: 'member' }),
      status: 403,
      code: 'FORBIDDEN',
    },
    {
      name: 'add as an outsider',
      as: outsider,
      call: (as) => as.post(`${url}/members`, { userId: outsider.id, role: 'admin' }),
      status: 404,
    },
    { name: 'read as a viewer', as: viewer, call: (as) => as.get(url), status: 200 },
    { name: 'read as an outsider', as: outsider, call: (as) => as.get(url), status: 404, code: 'NOT_FOUND' },
    { name: 'read what is no id', as: owner, call: (as) => as.get('/api/workspaces/x'), status: 400 },
    { name: 'members as a viewer', as: viewer, call: (as) => as.get(`${url}/members`), status: 200 },
    { name: 'members as an outsider', as: outsider, call: (as) => as.get(`${url}/members`), status: 404 },
    {
      name: 'rename without If-Match',
      as: owner,
      call: (as) => as.patch(url, { name: 'R' }),
      status: 428,
      code: 'PRECONDITION_REQUIRED',
    },
    {
      name: 'rename a stale one',
      as: owner,
      call: (as) => as.patch(url, { name: 'R' }, { 'if-match': '"0-0"' }),
      status: 412,
      code: 'PRECONDITION_FAILED',
    },
    {
      name: 'rename as a member',
      as: member,
      call: (as) => as.patch(url, { name: 'R' }, { 'if-match': etag }),
      status: 403,
    },
    {
      name: 'rename as an outsider',
      as: outsider,
      call: (as) => as.patch(url, { name: 'R' }, { 'if-match': etag }),
      status: 404,
    },
    {
      name: 'rename as an admin',
      as: admin,
      call: (as) => as.patch(url, { name: 'R' }, { 'if-match': etag }),
      status: 200,
    },
    {
      name: 'rename the version before',
      as: owner,
      call: (as) => as.patch(url, { name: 'S' }, { 'if-match': etag }),
      status: 412,
    },
    {
      name: 'change a role',
      as: owner,
      call: (as) => as.patch(`${url}/members/${viewer.id}`, { role: 'member' }),
      status: 200,
    },
    {
      name: 'change the owner’s role',
      as: admin,
      call: (as) => as.patch(`${url}/members/${owner.id}`, { role: 'member' }),
      status: 409,
    },
    {
      name: 'change a role as a member',
      as: member,
      call: (as) => as.patch(`${url}/members/${viewer.id}`, { role: 'admin' }),
      status: 403,
    },
    {
      name: 'change the role of an outsider',
      as: owner,
      call: (as) => as.patch(`${url}/members/${outsider.id}`, { role: 'admin' }),
      status: 404,
    },
    {
      name: 'remove somebody as a member',
      as: member,
      call: (as) => as.delete(`${url}/members/${viewer.id}`),
      status: 403,
    },
    { name: 'leave', as: viewer, call: (as) => as.delete(`${url}/members/${viewer.id}`), status: 204 },
    { name: 'read after having left', as: viewer, call: (as) => as.get(url), status: 404 },
    { name: 'remove a member', as: admin, call: (as) => as.delete(`${url}/members/${member.id}`), status: 204 },
    { name: 'the owner cannot leave', as: owner, call: (as) => as.delete(`${url}/members/${owner.id}`), status: 409 },
    { name: 'delete without If-Match', as: owner, call: (as) => as.delete(url), status: 428 },
    { name: 'delete as an admin', as: admin, call: (as) => as.delete(url, { 'if-match': '*' }), status: 403 },
    { name: 'delete as the owner', as: owner, call: (as) => as.delete(url, { 'if-match': '*' }), status: 204 },
    { name: 'read what was deleted', as: owner, call: (as) => as.get(url), status: 404 },
    { name: 'list as nobody', as: nobody, call: (as) => as.get('/api/workspaces'), status: 401 },
  ]
  for (const { name, as, call, status, code } of rows) {
    const answer = await call(as)
    t.equal(answer.statusCode, status, `${name}: ${answer.statusCode === status ? '' : answer.body}`)
    if (code !== undefined) t.match(answer.json(), { code }, name)
  }
  const events = await app.db.sql<
    { name: string }[]
  >`select name from events where topic = ${`workspace:${workspace.id}`} order by seq`
  t.same(
    events.map((event) => event.name.replace('workspace.', '')),
    [
      'member_added',
      'member_added',
      'member_added',
      'updated',
      'member_updated',
      'member_removed',
      'member_removed',
      'deleted',
    ],
    'every change is told, none twice',
  )
  const renamed = await app.db.sql`
    select actor_id as by from audit_log where action = 'workspace.updated' and workspace_id = ${workspace.id} and request_id is not null`
  t.same([...renamed], [{ by: admin.id }], 'who has renamed it is written down')
  const counted = await app.db.sql<{ bad: boolean }[]>`
    select max(seq) <> count(*) as bad from events group by topic`
  t.ok(
    counted.every((row) => !row.bad),
    'and numbered without a gap',
  )
})

t.test('the personal workspace stays', async (t) => {
  const app = await testApp(t)
  const ada = await person(app)
  const mine = (await ada.get('/api/workspaces')).json<{ items: { id: string; personal: boolean }[] }>()
  t.match(mine.items, [{ personal: true, role: 'owner' }])
  t.equal((await ada.delete(`/api/workspaces/${mine.items[0]?.id}`, { 'if-match': '*' })).statusCode, 409)
  for (let index = 0; index < 5; index += 1) await ada.post('/api/workspaces', { name: `W${index}` })
  const seen: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: { items: { id: string }[]; nextCursor: string | null } = (
      await ada.get(`/api/workspaces?limit=2${cursor && `&cursor=${cursor}`}`)
    ).json()
    seen.push(...page.items.map((item) => item.id))
    cursor = page.nextCursor
  }
  t.equal(new Set(seen).size, 6, 'pages hold each one once')
})

t.test('twenty writers, one version: no update is lost', async (t) => {
  const app = await testApp(t)
  const ada = await person(app)
  const made = await ada.post('/api/workspaces', { name: 'start' })
  const url = made.headers.location as string
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) =>
      ada.patch(url, { name: `n${index}` }, { 'if-match': made.headers.etag as string }),
    ),
  )
  t.equal(answers.filter((answer) => answer.statusCode === 200).length, 1, 'one wins')
  t.equal(answers.filter((answer) => answer.statusCode === 412).length, 19, 'the others are told')
})

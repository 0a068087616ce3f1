import t from 'tap'
import { caller, PASSWORD, type Person, person, testApp } from '../helpers/app.ts'

type Caller = Pick<Person, 'get' | 'post' | 'patch' | 'delete'>

t.test('API keys: made, scoped, listed, used, revoked', async (t) => {
  const app = await testApp(t)
  const [ada, eve, nobody] = [await person(app), await person(app, 'eve'), caller(app)]
  const url = '/api/auth/api-keys'
  const soon = new Date(Date.now() + 3_600_000).toISOString()
  const scenarios: [name: string, as: Caller, body: object, status: number][] = [
    ['a key', ada, { name: 'ci', scopes: ['workspaces:read'], expiresAt: soon }, 201],
    ['no scope', ada, { name: 'ci', scopes: [] }, 400],
    ['an unknown scope', ada, { name: 'ci', scopes: ['everything'] }, 400],
    ['expired at birth', ada, { name: 'ci', scopes: ['workspaces:read'], expiresAt: '2020-01-01T00:00:00Z' }, 400],
    ['nobody', nobody, { name: 'ci', scopes: ['workspaces:read'] }, 401],
  ]
  for (const [name, as, body, status] of scenarios) t.equal((await as.post(url, body)).statusCode, status, name)

  const made = (await ada.post(url, { name: 'reader', scopes: ['workspaces:read', 'account:read'] })).json<{
    id: string
    key: string
  }>()
  t.match(made.key, /^prl_[\w-]{64}$/)
  const listed = await ada.get(`${url}?limit=1`)
  t.match(listed.json(), { items: [{ name: 'ci', scopes: ['workspaces:read'] }], nextCursor: String })
  t.notMatch(listed.body, /"key"|"hash"/, 'the key is never shown again')
  t.equal((await nobody.get(url)).statusCode, 401)
  t.equal((await ada.get(`${url}?cursor=x`)).statusCode, 400)

  const machine = caller(app, { authorization: `Bearer ${made.key}` })
  const uses: [name: string, status: number, Promise<{ statusCode: number }>][] = [
    ['reads what it may', 200, machine.get('/api/workspaces')],
    ['reads the account', 200, machine.get('/api/auth/me')],
    ['writes nothing', 403, machine.post('/api/workspaces', { name: 'x' })],
    ['makes no keys', 403, machine.post(url, { name: 'x', scopes: ['account:read'] })],
    [
      'changes no password',
      403,
      machine.post('/api/auth/password/change', { currentPassword: PASSWORD, newPassword: 'something else' }),
    ],
    ['is no administrator', 403, machine.get('/api/users')],
  ]
  for (const [name, status, answer] of uses) t.equal((await answer).statusCode, status, name)
  for (const [name, key] of [
    ['another secret', `${made.key.slice(0, -4)}AAAA`],
    ['no key', 'prl_x'],
  ] as const) {
    t.match(
      (await caller(app, { authorization: `Bearer ${key}` }).get('/api/auth/me')).json(),
      { code: 'TOKEN_INVALID' },
      name,
    )
  }
  t.equal((await eve.delete(`${url}/${made.id}`)).statusCode, 404, 'not by another')
  t.equal((await nobody.delete(`${url}/${made.id}`)).statusCode, 401)
  t.equal((await ada.delete(`${url}/x`)).statusCode, 400)
  t.equal((await ada.delete(`${url}/${made.id}`)).statusCode, 204)
  t.equal((await machine.get('/api/auth/me')).statusCode, 401, 'a revoked key is dead at once')
  const [row] = await app.db.sql<{ text: string }[]>`select string_agg(api_keys::text, ' ') as text from api_keys`
  t.notMatch(row?.text, made.key.slice(30), 'stored as a hash only')
})

t.test('profile and password', async (t) => {
  const app = await testApp(t)
  const [ada, nobody] = [await person(app), caller(app)]
  t.match((await ada.get('/api/users/me')).json(), { id: ada.id })
  t.match((await ada.patch('/api/users/me', { name: 'Countess' })).json(), { name: 'Countess', version: 2 })
  for (const body of [{ name: '' }, { role: 'admin' }, { name: 'x', tier: 'enterprise' }, {}]) {
    t.equal((await ada.patch('/api/users/me', body)).statusCode, 400, JSON.stringify(body))
  }
  t.equal((await nobody.patch('/api/users/me', { name: 'x' })).statusCode, 401)
  t.equal((await nobody.get('/api/users/me')).statusCode, 401)

  const elsewhere = (await nobody.post('/api/auth/login', { email: ada.email, password: PASSWORD })).json<{
    accessToken: string
  }>()
  const change = (as: Caller, currentPassword: string, newPassword: string) =>
    as.post('/api/auth/password/change', { currentPassword, newPassword })
  t.match((await change(ada, 'wrong', 'a new password')).json(), { status: 401, code: 'INVALID_CREDENTIALS' })
  t.equal((await change(ada, PASSWORD, 'short')).statusCode, 400)
  t.equal((await change(nobody, PASSWORD, 'a new password')).statusCode, 401)
  t.equal((await change(ada, PASSWORD, 'a new password')).statusCode, 204)
  t.equal((await ada.get('/api/auth/me')).statusCode, 200, 'this session stays')
  t.equal(
    (await nobody.get('/api/auth/me', { authorization: `Bearer ${elsewhere.accessToken}` })).statusCode,
    401,
    'the others end',
  )
  t.equal((await nobody.post('/api/auth/login', { email: ada.email, password: PASSWORD })).statusCode, 401)
  t.equal((await nobody.post('/api/auth/login', { email: ada.email, password: 'a new password' })).statusCode, 200)
})

t.test('administration of accounts, and the audit log', async (t) => {
  const app = await testApp(t)
  const [ada, eve, nobody] = [await person(app), await person(app, 'eve_100%'), caller(app)]
  await app.accounts.provision({ email: 'root@example.org', password: PASSWORD, role: 'admin', tier: 'enterprise' })
  const signedIn = (await nobody.post('/api/auth/login', { email: 'root@example.org', password: PASSWORD })).json<{
    accessToken: string
    user: { id: string }
  }>()
  const root = caller(app, { authorization: `Bearer ${signedIn.accessToken}` })
  const rows: [
    name: string,
    as: Caller,
    method: 'get' | 'patch',
    url: string,
    body: object | undefined,
    status: number,
  ][] = [
    ['list', root, 'get', '/api/users?limit=2', undefined, 200],
    ['list as a user', ada, 'get', '/api/users', undefined, 403],
    ['list as nobody', nobody, 'get', '/api/users', undefined, 401],
    ['list with a bad filter', root, 'get', '/api/users?tier=gold', undefined, 400],
    ['one', root, 'get', `/api/users/${eve.id}`, undefined, 200],
    ['one as a user', ada, 'get', `/api/users/${eve.id}`, undefined, 403],
    ['one as nobody', nobody, 'get', `/api/users/${eve.id}`, undefined, 401],
    ['one that is not', root, 'get', '/api/users/01920b5e-7d3c-7cc0-8f6e-2f1f0d9a4b11', undefined, 404],
    ['what is no id', root, 'get', '/api/users/x', undefined, 400],
    ['a tier', root, 'patch', `/api/users/${eve.id}`, { tier: 'premium' }, 200],
    ['nothing', root, 'patch', `/api/users/${eve.id}`, {}, 400],
    ['an email', root, 'patch', `/api/users/${eve.id}`, { email: 'x@example.org' }, 400],
    ['as a user', eve, 'patch', `/api/users/${eve.id}`, { tier: 'enterprise' }, 403],
    ['as nobody', nobody, 'patch', `/api/users/${eve.id}`, { tier: 'free' }, 401],
    ['somebody who is not', root, 'patch', '/api/users/01920b5e-7d3c-7cc0-8f6e-2f1f0d9a4b11', { tier: 'free' }, 404],
    ['the own role', root, 'patch', `/api/users/${signedIn.user.id}`, { role: 'user' }, 409],
    ['disable', root, 'patch', `/api/users/${eve.id}`, { disabled: true }, 200],
  ]
  for (const [name, as, method, url, body, status] of rows) {
    const answer = method === 'get' ? await as.get(url) : await as.patch(url, body)
    t.equal(answer.statusCode, status, `${method} ${name}`)
  }
  t.match(
    (await root.get('/api/users?q=100%25')).json(),
    { items: [{ id: eve.id, tier: 'premium', disabledAt: String }], nextCursor: null },
    '% is a letter',
  )
  t.equal((await root.get('/api/users?q=_')).json<{ items: unknown[] }>().items.length, 1, 'and so is _')
  t.equal((await eve.get('/api/auth/me')).statusCode, 401, 'disabling ends the sessions')
  t.equal((await nobody.post('/api/auth/login', { email: eve.email, password: PASSWORD })).statusCode, 403)
  t.match((await root.patch(`/api/users/${eve.id}`, { disabled: false })).json(), { disabledAt: null })

  await nobody.post('/api/auth/login', { email: ada.email, password: 'wrong' })
  const all = (await root.get('/api/audit?limit=100')).json<{
    items: { action: string; requestId: string | null; address: string }[]
  }>()
  t.ok(all.items.some((line) => line.action === 'account.administered'))
  t.ok(
    all.items.some(
      (line) => line.action === 'account.login_failed' && line.address === '127.0.0.1' && line.requestId !== null,
    ),
  )
  const own = (await ada.get('/api/audit')).json<{ items: { actorId: string | null; targetId: string }[] }>()
  t.ok(
    own.items.length > 0 && own.items.every((line) => line.actorId === ada.id || line.targetId === ada.id),
    'users see their own',
  )
  t.equal((await ada.get(`/api/audit?userId=${eve.id}`)).statusCode, 403)
  t.equal((await root.get('/api/audit?action=nothing')).statusCode, 400)
  t.equal((await nobody.get('/api/audit')).statusCode, 401)
  t.match((await root.get('/api/audit?action=account.administered&limit=1')).json(), {
    items: [{ targetId: eve.id }],
    nextCursor: String,
  })
  await t.rejects(Promise.resolve(app.db.sql`update audit_log set action = 'x'`), /append-only/)
  await t.rejects(Promise.resolve(app.db.sql`delete from audit_log`), /append-only/)
  await t.rejects(Promise.resolve(app.db.sql`truncate audit_log`), /append-only/)
})

import { createHmac } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import t from 'tap'
import { caller, PASSWORD, person, testApp } from '../helpers/app.ts'
import { testDatabase } from '../helpers/database.ts'

interface Problem {
  code: string
  errors?: { path: string }[]
}

t.test('registration', async (t) => {
  const app = await testApp(t)
  const nobody = caller(app)
  const taken = await person(app, 'taken')
  const body = { email: 'grace@example.org', password: PASSWORD }
  const scenarios: { name: string; body: unknown; status: number; code?: string; path?: string }[] = [
    { name: 'a new account', body: { ...body, name: 'Grace Hopper' }, status: 201 },
    {
      name: 'an email that differs in case only',
      body: { ...body, email: 'GRACE@example.org' },
      status: 409,
      code: 'EMAIL_TAKEN',
    },
    { name: 'a taken email', body: { ...body, email: taken.email }, status: 409, code: 'EMAIL_TAKEN' },
    {
      name: 'a password of 7',
      body: { ...body, email: 'b@example.org', password: '1234567' },
      status: 400,
      path: 'body/password',
    },
    { name: 'a password of 8', body: { ...body, email: 'c@example.org', password: 'ab12 ü☃x' }, status: 201 },
    { name: 'a password of 128', body: { ...body, email: 'd@example.org', password: 'x'.repeat(128) }, status: 201 },
    {
      name: 'a password of 2000',
      body: { ...body, email: 'e@example.org', password: 'x'.repeat(2000) },
      status: 400,
      path: 'body/password',
    },
    {
      name: 'a password that everybody has',
      body: { ...body, email: 'h@example.org', password: 'Password1' },
      status: 400,
      path: 'body/password',
    },
    {
      name: 'the own email',
      body: { ...body, email: 'i.own@example.org', password: 'I.own@example.org' },
      status: 400,
      path: 'body/password',
    },
    {
      name: 'the own name',
      body: { ...body, email: 'j@example.org', name: 'Grace Hopper', password: 'grace hopper' },
      status: 400,
      path: 'body/password',
    },
    { name: 'no email', body: { password: PASSWORD }, status: 400, path: 'body/email' },
    { name: 'no email address', body: { ...body, email: 'nowhere' }, status: 400, path: 'body/email' },
    {
      name: 'a role of one’s own choice',
      body: { ...body, email: 'f@example.org', role: 'admin' },
      status: 400,
      path: 'body/role',
    },
    {
      name: 'a number as password',
      body: { ...body, email: 'g@example.org', password: 12345678 },
      status: 400,
      path: 'body/password',
    },
    { name: 'no body', body: undefined, status: 400 },
  ]
  for (const { name, body, status, code, path } of scenarios) {
    const answer = await nobody.post('/api/auth/register', body)
    t.equal(answer.statusCode, status, name)
    if (code !== undefined) t.equal(answer.json<Problem>().code, code, name)
    if (path !== undefined) t.equal(answer.json<Problem>().errors?.[0]?.path, path, name)
    if (status === 201) {
      t.match(
        answer.json(),
        { user: { role: 'user', tier: 'free' }, accessToken: String, refreshToken: String, expiresIn: 900 },
        name,
      )
      t.notMatch(answer.body, /password/i, `${name}: nothing of the password comes back`)
    }
  }
  const stored = await app.db.sql<{ hash: string }[]>`select password_hash as hash from users limit 1`
  t.match(stored[0]?.hash, /^\$argon2id\$v=19\$m=19456,t=3,p=1\$/, 'stored as a PHC string of argon2id')
})

t.test('login, me and logout', async (t) => {
  const app = await testApp(t)
  const nobody = caller(app)
  const ada = await person(app)
  const scenarios = [
    { name: 'right', body: { email: ada.email, password: PASSWORD }, status: 200 },
    { name: 'right, email in capitals', body: { email: ada.email.toUpperCase(), password: PASSWORD }, status: 200 },
    {
      name: 'wrong password',
      body: { email: ada.email, password: `${PASSWORD}.` },
      status: 401,
      code: 'INVALID_CREDENTIALS',
    },
    {
      name: 'unknown email',
      body: { email: 'nobody@example.org', password: PASSWORD },
      status: 401,
      code: 'INVALID_CREDENTIALS',
    },
    { name: 'empty', body: {}, status: 400, code: 'VALIDATION_FAILED' },
  ]
  for (const { name, body, status, code } of scenarios) {
    const answer = await nobody.post('/api/auth/login', body)
    t.equal(answer.statusCode, status, name)
    if (code !== undefined) t.equal(answer.json<Problem>().code, code, name)
  }
  t.match((await ada.get('/api/auth/me')).json(), { id: ada.id, email: ada.email, name: 'ada' })
  t.equal((await ada.post('/api/auth/logout')).statusCode, 204)
  t.equal(
    (await ada.get('/api/auth/me')).json<Problem>().code,
    'SESSION_REVOKED',
    'the access token ends with its session',
  )
  t.equal((await ada.post('/api/auth/logout')).statusCode, 401)
  t.equal((await nobody.post('/api/auth/refresh', { refreshToken: ada.refreshToken })).statusCode, 401)

  await app.db.sql`update users set disabled_at = now() where id = ${ada.id}`
  t.equal(
    (await nobody.post('/api/auth/login', { email: ada.email, password: PASSWORD })).json<Problem>().code,
    'ACCOUNT_DISABLED',
  )
})

t.test('refresh tokens rotate, and reuse ends the family', async (t) => {
  const app = await testApp(t, { env: { REFRESH_GRACE: '1' } })
  const nobody = caller(app)
  const refresh = (refreshToken: string) => nobody.post('/api/auth/refresh', { refreshToken })
  const ada = await person(app)

  const parallel = await Promise.all(Array.from({ length: 20 }, () => refresh(ada.refreshToken)))
  t.same(new Set(parallel.map((answer) => answer.statusCode)), new Set([200]), '20 parallel refreshes are all served')
  t.equal(new Set(parallel.map((answer) => answer.body)).size, 1, 'with one and the same pair: the family never forks')
  const second = parallel[0]?.json<{ refreshToken: string; accessToken: string }>()
  const third = (await refresh(second?.refreshToken ?? '')).json<{ refreshToken: string; accessToken: string }>()
  t.equal((await nobody.get('/api/auth/me', { authorization: `Bearer ${third.accessToken}` })).statusCode, 200)

  t.equal((await refresh('x'.repeat(86))).json<Problem>().code, 'TOKEN_INVALID', 'an invented token')
  t.equal((await refresh(ada.token)).json<Problem>().code, 'TOKEN_INVALID', 'an access token')
  t.equal(
    (await caller(app, { authorization: `Bearer ${third.refreshToken}` }).get('/api/auth/me')).statusCode,
    401,
    'a refresh token as access token',
  )
  t.equal(
    (await nobody.get('/api/auth/me', { authorization: `Bearer ${third.accessToken}` })).statusCode,
    200,
    'none of which ends the session',
  )

  t.equal((await refresh(ada.refreshToken)).json<Problem>().code, 'SESSION_REVOKED', 'an older ancestor is reuse')
  t.equal((await refresh(third.refreshToken)).statusCode, 401, 'and the newest token is dead')
  t.equal(
    (await nobody.get('/api/auth/me', { authorization: `Bearer ${third.accessToken}` })).statusCode,
    401,
    'so is the newest access token',
  )

  const late = await person(app)
  const next = (await refresh(late.refreshToken)).json<{ refreshToken: string }>()
  await app.db.sql`update sessions set rotated_at = now() - interval '5 seconds' where user_id = ${late.id}`
  t.equal(
    (await refresh(late.refreshToken)).json<Problem>().code,
    'SESSION_REVOKED',
    'the predecessor outside the grace is reuse',
  )
  t.equal((await refresh(next.refreshToken)).statusCode, 401)

  const idle = await person(app)
  await app.db.sql`update sessions set rotated_at = now() - interval '31 days' where user_id = ${idle.id}`
  t.equal((await refresh(idle.refreshToken)).json<Problem>().code, 'SESSION_REVOKED', 'idle for too long')
  const [row] = await app.db.sql<
    { text: string }[]
  >`select sessions::text as text from sessions where user_id = ${ada.id}`
  t.notMatch(row?.text, ada.refreshToken, 'tokens are stored as hashes only')
})

t.test('sessions: list and revoke', async (t) => {
  const app = await testApp(t)
  const nobody = caller(app)
  const ada = await person(app)
  const eve = await person(app, 'eve')
  const other = (
    await nobody.post('/api/auth/login', { email: ada.email, password: PASSWORD }, { 'user-agent': 'Phone' })
  ).json<{ accessToken: string }>()
  const first = (await ada.get('/api/auth/sessions?limit=1')).json<{
    items: { id: string; userAgent: string; current: boolean }[]
    nextCursor: string
  }>()
  t.match(first.items, [{ userAgent: 'Phone', current: false }], 'newest first')
  const rest = (await ada.get(`/api/auth/sessions?limit=1&cursor=${first.nextCursor}`)).json<{
    items: { id: string; current: boolean }[]
    nextCursor: null
  }>()
  t.match(rest, { items: [{ current: true }], nextCursor: null })

  const scenarios = [
    { name: 'another user', as: eve, id: first.items[0]?.id, status: 404 },
    { name: 'no id', as: ada, id: 'phone', status: 400 },
    { name: 'nobody', as: nobody, id: first.items[0]?.id, status: 401 },
    { name: 'the owner', as: ada, id: first.items[0]?.id, status: 204 },
    { name: 'twice', as: ada, id: first.items[0]?.id, status: 404 },
  ]
  for (const { name, as, id, status } of scenarios)
    t.equal((await as.delete(`/api/auth/sessions/${id}`)).statusCode, status, name)
  t.equal((await nobody.get('/api/auth/me', { authorization: `Bearer ${other.accessToken}` })).statusCode, 401)
  t.equal((await ada.get('/api/auth/sessions?cursor=zzz')).json<Problem>().code, 'INVALID_CURSOR')
  t.equal((await ada.get('/api/auth/sessions?limit=1000')).statusCode, 400)
  t.equal((await nobody.get('/api/auth/sessions')).statusCode, 401)
  t.equal((await ada.post('/api/auth/logout-all')).statusCode, 204)
  t.equal((await ada.get('/api/auth/me')).statusCode, 401)
  t.equal((await nobody.post('/api/auth/logout-all')).statusCode, 401)
})

t.test('a session that ends on one instance ends on the other', async (t) => {
  const databaseUrl = await testDatabase(t)
  const env = { JWT_SECRET: 'a'.repeat(40), ENCRYPTION_KEY: `1:${Buffer.alloc(32, 7).toString('base64')}` }
  const one = await testApp(t, { databaseUrl, env })
  const two = await testApp(t, { databaseUrl, env })
  const ada = await person(one)
  const there = caller(two, ada.headers)
  t.equal((await there.get('/api/auth/me')).statusCode, 200)
  await ada.post('/api/auth/logout')
  const deadline = Date.now() + 2000
  let status = 200
  while (status === 200 && Date.now() < deadline) {
    status = (await there.get('/api/auth/me')).statusCode
    await setTimeout(20)
  }
  t.equal(status, 401, 'within two seconds')
})

t.test('forged and foreign tokens', async (t) => {
  const app = await testApp(t)
  const ada = await person(app)
  const [header = '', claims = '', signature = ''] = ada.token.split('.')
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const payload = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Record<string, unknown>
  const now = Math.floor(Date.now() / 1000)
  const signed = (extra: object, secret = app.config.JWT_SECRET as string) => {
    const body = `${header}.${encode({ ...payload, ...extra })}`
    return `${body}.${createHmac('sha256', secret).update(body).digest('base64url')}`
  }
  const scenarios: { name: string; token: string; code: string }[] = [
    { name: 'alg none', token: `${encode({ alg: 'none', typ: 'JWT' })}.${claims}.`, code: 'TOKEN_INVALID' },
    {
      name: 'another payload',
      token: `${header}.${encode({ ...payload, sub: 'someone' })}.${signature}`,
      code: 'TOKEN_INVALID',
    },
    { name: 'no signature', token: `${header}.${claims}.`, code: 'TOKEN_INVALID' },
    { name: 'another key', token: signed({}, 'x'.repeat(40)), code: 'TOKEN_INVALID' },
    { name: 'no expiry', token: signed({ exp: undefined }), code: 'TOKEN_INVALID' },
    { name: 'not yet valid', token: signed({ nbf: now + 1000 }), code: 'TOKEN_INVALID' },
    { name: 'expired', token: signed({ iat: now - 100, exp: now - 50 }), code: 'TOKEN_EXPIRED' },
    { name: 'another issuer', token: signed({ iss: 'elsewhere' }), code: 'TOKEN_INVALID' },
    { name: 'another audience', token: signed({ aud: 'elsewhere' }), code: 'TOKEN_INVALID' },
    { name: 'not an access token', token: signed({ typ: 'embed' }), code: 'TOKEN_INVALID' },
    {
      name: 'a session that never was',
      token: signed({ sid: '01920b5e-7d3c-7cc0-8f6e-2f1f0d9a4b11' }),
      code: 'SESSION_REVOKED',
    },
  ]
  for (const { name, token, code } of scenarios) {
    const answer = await caller(app, { authorization: `Bearer ${token}` }).get('/api/auth/me')
    t.equal(answer.statusCode, 401, name)
    t.equal(answer.json<Problem>().code, code, name)
  }
  t.equal(
    (await caller(app, { authorization: 'Basic abc' }).get('/api/auth/me')).json<Problem>().code,
    'UNAUTHENTICATED',
  )
})

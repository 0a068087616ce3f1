import t from 'tap'
import { caller, person, testApp } from '../helpers/app.ts'

t.test('security headers on every answer', async (t) => {
  const app = await testApp(t)
  const ada = await person(app)
  for (const answer of [
    await ada.get('/api/auth/me'),
    await ada.get('/api/nowhere'),
    await caller(app).get('/health'),
    await caller(app).get('/docs/'),
  ]) {
    t.match(answer.headers, {
      'strict-transport-security': /max-age=31536000/,
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'content-security-policy': /frame-ancestors 'none'/,
      'x-request-id': String,
    })
    t.notOk(answer.headers.server ?? answer.headers['x-powered-by'], 'nothing tells what runs here')
  }
  t.match((await ada.get('/api/auth/me')).headers['cache-control'], /no-store/, 'private answers are not stored')
})

t.test('CORS: an exact allow-list', async (t) => {
  const app = await testApp(t, { env: { CORS_ORIGINS: 'https://app.example.com, https://two.example.com' } })
  const nobody = caller(app)
  const scenarios: [string, string | undefined][] = [
    ['https://app.example.com', 'https://app.example.com'],
    ['https://two.example.com', 'https://two.example.com'],
    ['https://app.example.com.evil.test', undefined],
    ['https://evil.test', undefined],
    ['null', undefined],
    ['http://app.example.com', undefined],
  ]
  for (const [origin, allowed] of scenarios) {
    const answer = await nobody.get('/health/live', { origin })
    t.equal(answer.headers['access-control-allow-origin'], allowed, origin)
    t.match(answer.headers.vary, /Origin/, origin)
  }
  const closed = await testApp(t)
  t.equal(
    (await caller(closed).get('/health/live', { origin: 'https://app.example.com' })).headers[
      'access-control-allow-origin'
    ],
    undefined,
  )
})

t.test('rate limits: headers, 429, one budget per group and user', async (t) => {
  const app = await testApp(t, { env: { RATE_LIMIT_READ: '3/60', RATE_LIMIT_WRITE: '2/60' } })
  const [ada, eve] = [await person(app), await person(app, 'eve')]
  const first = await ada.get('/api/auth/me')
  t.match(first.headers, { 'ratelimit-limit': '3', 'ratelimit-remaining': '2', 'ratelimit-reset': String })
  await ada.get('/api/workspaces')
  t.equal((await ada.get('/api/auth/sessions')).headers['ratelimit-remaining'], '0', 'routes of a group share it')
  const refused = await ada.get('/api/auth/me')
  t.match(refused.json(), { status: 429, code: 'RATE_LIMITED' })
  t.ok(Number(refused.headers['retry-after']) >= 1)
  t.equal((await eve.get('/api/auth/me')).statusCode, 200, 'another user behind the same address')
  t.equal((await ada.post('/api/workspaces', { name: 'x' })).statusCode, 201, 'another group')
  t.equal((await ada.get('/api/auth/me', { 'x-forwarded-for': '9.9.9.9' })).statusCode, 429)
  await app.db.sql`update users set tier = 'premium' where id = ${eve.id}`
  await app.sessions.forget(eve.id)
  t.equal((await eve.get('/api/auth/me')).headers['ratelimit-limit'], '15', 'higher tiers have more')
  const login = await testApp(t, { env: { RATE_LIMIT_AUTH: '2/60' } })
  const nobody = caller(login)
  const attempt = (address: string) =>
    nobody.post('/api/auth/login', { email: 'a@example.org', password: 'x' }, { 'x-forwarded-for': address })
  await attempt('1.1.1.1')
  await attempt('2.2.2.2')
  t.equal((await attempt('3.3.3.3')).statusCode, 429, 'an invented X-Forwarded-For changes nothing')
})

t.test('health', async (t) => {
  const app = await testApp(t)
  const nobody = caller(app)
  for (const path of ['/health', '/api/health']) {
    t.match((await nobody.get(path)).json(), {
      status: 'ok',
      checks: { database: { status: 'ok' } },
      uptime: Number,
      version: String,
    })
    t.match((await nobody.get(`${path}/live`)).json(), { status: 'ok' })
    t.equal((await nobody.get(`${path}/ready`)).statusCode, 200)
  }
  app.health.add('broken', async () => {
    throw new Error('no')
  })
  t.match((await nobody.get('/health')).json(), { status: 'down', checks: { broken: { status: 'down' } } })
  t.equal((await nobody.get('/health/ready')).statusCode, 503)
  app.health.add('broken', async () => ({ status: 'degraded', why: 'slow' }), false)
  t.match((await nobody.get('/health')).json(), {
    status: 'degraded',
    checks: { broken: { status: 'degraded', why: 'slow' } },
  })
  t.equal((await nobody.get('/health/ready')).statusCode, 200)
  app.health.enter('draining')
  const draining = await nobody.get('/health/ready')
  t.equal(draining.statusCode, 503)
  t.ok(draining.headers['retry-after'])
  t.equal((await nobody.get('/health/live')).statusCode, 200, 'a draining process lives')
})

t.test('metrics', async (t) => {
  const app = await testApp(t)
  await (await person(app)).get('/api/auth/me')
  const text = (await app.inject('/metrics')).body
  t.match(text, /parley_http_request_duration_seconds_count\{method="GET",route="\/api\/auth\/me",status="200"\} 1/)
  const guarded = await testApp(t, { env: { METRICS_TOKEN: 'scrape' } })
  t.equal((await guarded.inject('/metrics')).statusCode, 401)
  t.equal((await guarded.inject({ url: '/metrics', headers: { authorization: 'Bearer scrape' } })).statusCode, 200)
})

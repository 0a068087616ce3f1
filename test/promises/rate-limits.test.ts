import t from 'tap'
import { caller, person, testApp } from '../helpers/app.ts'
import { testDatabase } from '../helpers/database.ts'
import { testRedis } from '../helpers/redis.ts'

// The numbers are those of the list of requirements that the project keeps.

type App = Awaited<ReturnType<typeof testApp>>
const SECRETS = { JWT_SECRET: 'a'.repeat(40), COOKIE_SECRET: 'b'.repeat(40) }
const tierOf = async (app: App, id: string, tier: string) => {
  await app.db.sql`update users set tier = ${tier} where id = ${id}`
  await app.sessions.forget(id)
}

t.test('SECURITY 43: RateLimit and RateLimit-Policy of draft 11, by tier', async (t) => {
  const app = await testApp(t, { env: { RATE_LIMIT_READ: '3/60' } })
  const ada = await person(app)
  const first = await ada.get('/api/auth/me')
  t.equal(first.headers['ratelimit-policy'], '"read";q=3;w=60')
  t.match(first.headers.ratelimit, /^"read";r=2;t=(59|60)$/)
  await ada.get('/api/auth/me')
  t.match((await ada.get('/api/auth/me')).headers.ratelimit, /^"read";r=0;t=\d+$/)
  const refused = await ada.get('/api/auth/me')
  t.match(refused.json(), {
    type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
    status: 429,
    code: 'RATE_LIMITED',
  })
  t.equal(refused.headers['content-type'], 'application/problem+json')
  t.match(refused.headers.ratelimit, /^"read";r=0;t=\d+$/)
  t.match(refused.headers['retry-after'], /^([1-9]|[1-5]\d|60)$/)
  for (const [tier, quota] of [
    ['premium', 15],
    ['enterprise', 60],
  ] as const) {
    const eve = await person(app, tier)
    await tierOf(app, eve.id, tier)
    t.equal((await eve.get('/api/auth/me')).headers['ratelimit-policy'], `"read";q=${quota};w=60`, tier)
  }
})

for (const backend of ['memory', 'redis'] as const) {
  t.test(`SECURITY 43: a budget is never exceeded, in ${backend}`, async (t) => {
    const redis = backend === 'redis' ? await testRedis(t) : undefined
    if (backend === 'redis' && redis === undefined) return
    const databaseUrl = await testDatabase(t)
    const env = { ...SECRETS, RATE_LIMIT_READ: '100/60', ...(redis === undefined ? {} : { REDIS_URL: redis }) }
    const one = await testApp(t, { databaseUrl, env })
    const instances = redis === undefined ? [one] : [one, await testApp(t, { databaseUrl, env })]
    const ada = await person(one)
    const answers = await Promise.all(
      Array.from({ length: 250 }, (_, index) =>
        caller(instances[index % instances.length] as App, ada.headers).get('/api/auth/me'),
      ),
    )
    t.equal(answers.filter(({ statusCode }) => statusCode === 200).length, 100, `over ${instances.length} instance(s)`)
    t.equal(answers.filter(({ statusCode }) => statusCode === 429).length, 150)
  })
}

t.test('while Redis is away, limits hold in memory', async (t) => {
  const url = await testRedis(t)
  if (url === undefined) return
  const app = await testApp(t, { env: { REDIS_URL: url, RATE_LIMIT_READ: '2/60' } })
  const ada = await person(app)
  const statuses: number[] = []
  app.redis?.disconnect()
  t.teardown(() => app.redis?.connect())
  for (let index = 0; index < 4; index += 1) statuses.push((await ada.get('/api/auth/me')).statusCode)
  t.same(statuses, [200, 200, 429, 429])
})

t.test('API keys have budgets of their own, bounded together', async (t) => {
  const app = await testApp(t, { env: { RATE_LIMIT_READ: '4/60' } })
  const ada = await person(app)
  const make = async () => {
    const answer = await ada.post('/api/auth/api-keys', { name: 'script', scopes: ['account:read'] })
    return caller(app, { authorization: `Bearer ${answer.json<{ key: string }>().key}` })
  }
  const keys = await Promise.all(Array.from({ length: 7 }, make))
  const all = async (key: (typeof keys)[0]) => {
    const statuses: number[] = []
    for (let index = 0; index < 5; index += 1) statuses.push((await key.get('/api/auth/me')).statusCode)
    return statuses
  }
  t.same(await all(keys[0] as never), [200, 200, 200, 200, 429], 'one key')
  t.same(await all(keys[1] as never), [200, 200, 200, 200, 429], 'another one')
  t.equal((await ada.get('/api/auth/me')).statusCode, 200, 'a runaway script does not keep its owner out')
  for (const key of keys.slice(2, 5)) await all(key)
  t.equal((await keys[5]?.get('/api/auth/me'))?.statusCode, 429, 'making keys does not make budgets without end')
})

t.test('SECURITY 44: X-Forwarded-For is believed of a trusted proxy only', async (t) => {
  const rows: { name: string; trust: string; chain: string[]; statuses: number[] }[] = [
    {
      name: 'nobody is trusted',
      trust: 'false',
      chain: ['192.0.2.1', '192.0.2.2', '192.0.2.3'],
      statuses: [401, 401, 429],
    },
    { name: 'one hop', trust: '1', chain: ['192.0.2.1', '192.0.2.2', '192.0.2.3'], statuses: [401, 401, 401] },
    {
      name: 'one hop: what the client put before it counts for nothing',
      trust: '1',
      chain: ['10.0.0.1, 192.0.2.9', '10.0.0.2, 192.0.2.9', '10.0.0.3, 192.0.2.9'],
      statuses: [401, 401, 429],
    },
    {
      name: 'another proxy is trusted',
      trust: '10.9.9.9',
      chain: ['192.0.2.1', '192.0.2.2', '192.0.2.3'],
      statuses: [401, 401, 429],
    },
    {
      name: 'this proxy is trusted',
      trust: '127.0.0.1',
      chain: ['192.0.2.1', '192.0.2.2', '192.0.2.3'],
      statuses: [401, 401, 401],
    },
    {
      name: 'addresses of one IPv6 network are one client',
      trust: '1',
      chain: ['2001:db8::1', '2001:db8::2', '2001:db8::3'],
      statuses: [401, 401, 429],
    },
  ]
  for (const { name, trust, chain, statuses } of rows) {
    const app = await testApp(t, { env: { TRUST_PROXY: trust, RATE_LIMIT_AUTH: '2/60' } })
    const found: number[] = []
    for (const [index, address] of chain.entries()) {
      const body = { email: `nobody${index}@example.org`, password: 'x' }
      found.push((await caller(app).post('/api/auth/login', body, { 'x-forwarded-for': address })).statusCode)
    }
    t.same(found, statuses, name)
  }
})

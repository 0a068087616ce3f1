import { hash } from '@node-rs/argon2'
import t from 'tap'
import { COMMON_PASSWORDS } from '../../src/accounts/common-passwords.ts'
import { createPasswords, workLeft } from '../../src/accounts/passwords.ts'
import { ConfigError, loadConfig } from '../../src/config/load.ts'
import { networkOf } from '../../src/lib/addresses.ts'
import { newId } from '../../src/lib/ids.ts'
import { caller, PASSWORD, person, testApp } from '../helpers/app.ts'
import { testDatabase } from '../helpers/database.ts'
import { testRedis } from '../helpers/redis.ts'

/** Values of `Algorithm`, an ambient const enum. */
const [ARGON2I, ARGON2ID] = [1, 2]

// The numbers are those of the list of requirements that the project keeps (OWASP ASVS 5.0.0, chapters 6 and 7).

t.test('passwords', async (t) => {
  const app = await testApp(t)
  const nobody = caller(app)
  let made = 0
  const register = (password: string, more: object = {}) => {
    made += 1
    return nobody.post('/api/auth/register', { email: `p${made}@example.org`, password, ...more })
  }
  const login = (password: string) => nobody.post('/api/auth/login', { email: `p${made}@example.org`, password })

  t.test('SECURITY 1: at least 8 characters, at least 128 allowed, and a bound', async (t) => {
    const rows: [length: number, status: number][] = [
      [7, 400],
      [8, 201],
      [64, 201],
      [128, 201],
      [1024, 201],
      [1025, 400],
      [200_000, 400],
    ]
    for (const [length, status] of rows) {
      t.equal((await register('kx'.repeat(length).slice(0, length))).statusCode, status, `${length} characters`)
    }
  })

  t.test('SECURITY 2: any composition, nothing cut off or changed', async (t) => {
    const long = 'P'.repeat(72)
    const rows: [name: string, password: string, other: string][] = [
      ['beyond 72 bytes', `${long}a`, `${long}b`],
      ['leading space', ' space before', 'space before'],
      ['trailing space', 'space behind ', 'space behind'],
      ['capitals', 'MixedCaseWords', 'mixedcasewords'],
      ['composed and decomposed letters', 'caf\u00e9 caf\u00e9', 'cafe\u0301 cafe\u0301'],
      ['letters of many scripts', 'пароль-密码-🔐', 'пароль-密码-🔑'],
      ['control characters', 'tab\tand\u0001bell\u0007', 'tab and bell'],
    ]
    for (const [name, password, other] of rows) {
      t.equal((await register(password)).statusCode, 201, name)
      t.equal((await login(other)).statusCode, 401, `${name}: another one`)
      t.equal((await login(password)).statusCode, 200, `${name}: the same`)
    }
    t.equal((await register('NUL \u0000 in it')).statusCode, 400, 'a NUL is refused, not cut off at')
  })

  t.test('SECURITY 3: the commonest passwords and the own names are refused', async (t) => {
    t.ok(COMMON_PASSWORDS.size >= 3000, `${COMMON_PASSWORDS.size} of at least 8 characters`)
    for (const password of ['password123', 'Password1', 'qwertyuiop', 'ILOVEYOU', '1234567890']) {
      t.equal((await register(password)).statusCode, 400, password)
    }
    t.equal((await register('Grace Hopper', { name: 'Grace Hopper' })).statusCode, 400, 'the own name')
    const email = 'grace.hopper@example.org'
    for (const password of [email, email.toUpperCase(), 'grace.hopper']) {
      t.equal((await nobody.post('/api/auth/register', { email, password })).statusCode, 400, password)
    }
  })

  t.test('SECURITY 4: a new password needs the present one', async (t) => {
    const ada = await person(app)
    const change = (currentPassword: string) =>
      ada.post('/api/auth/password/change', { currentPassword, newPassword: 'another good password' })
    t.equal((await change('not the present one')).statusCode, 401)
    t.equal((await ada.post('/api/auth/password/change', { newPassword: 'another good password' })).statusCode, 400)
    t.equal((await change(PASSWORD)).statusCode, 204)
  })

  t.test('SECURITY 4: to take a factor away needs the present password, or a sign-in of just now', async (t) => {
    const ada = await person(app)
    const { sql } = app.db
    const make = async () => {
      const id = newId()
      await sql`
        insert into passkeys (id, user_id, name, credential_id, public_key, counter, transports, backed_up)
        values (${id}, ${ada.id}, 'x', ${id}, 'x', 0, '{}', false)`
      await sql`
        insert into identities (id, user_id, provider, issuer, subject) values (${id}, ${ada.id}, 'x', 'https://x.example', ${id})`
      return [`/api/auth/passkeys/${id}`, `/api/auth/oauth/identities/${id}`]
    }
    const remove = (url: string, body?: object) =>
      app.inject({ method: 'DELETE', url, headers: ada.headers, ...(body && { payload: body }) })
    for (const url of await make()) t.equal((await remove(url)).statusCode, 204, `${url} just after a sign-in`)
    await sql`update sessions set created_at = now() - interval '11 minutes' where user_id = ${ada.id}`
    for (const url of await make()) {
      t.match((await remove(url)).json(), { status: 403, code: 'REAUTHENTICATION_REQUIRED' }, url)
      t.match((await remove(url, {})).json(), { status: 403, code: 'REAUTHENTICATION_REQUIRED' }, url)
      t.match((await remove(url, { currentPassword: 'wrong' })).json(), { code: 'INVALID_CREDENTIALS' }, url)
      t.equal((await remove(url, { currentPassword: PASSWORD })).statusCode, 204, url)
    }
  })

  t.test('SECURITY 5: argon2id of enough cost; older hashes are renewed at login', async (t) => {
    const ada = await person(app)
    const stored = async () => {
      const [row] = await app.db.sql<{ hash: string }[]>`select password_hash as hash from users where id = ${ada.id}`
      return row?.hash ?? ''
    }
    const current = /^\$argon2id\$v=19\$m=19456,t=3,p=1\$/
    t.match(await stored(), current)
    const older = [
      { name: 'less memory', algorithm: ARGON2ID, memoryCost: 4096, timeCost: 3 },
      { name: 'fewer passes', algorithm: ARGON2ID, memoryCost: 19_456, timeCost: 2 },
      { name: 'argon2i', algorithm: ARGON2I, memoryCost: 19_456, timeCost: 3 },
    ]
    for (const { name, ...parameters } of older) {
      await app.db.sql`update users set password_hash = ${await hash(PASSWORD, parameters)} where id = ${ada.id}`
      t.ok(app.passwords.isOutdated(await stored()), name)
      t.equal((await nobody.post('/api/auth/login', { email: ada.email, password: 'wrong' })).statusCode, 401)
      t.notMatch(await stored(), current, `${name}: a wrong password changes nothing`)
      t.equal((await nobody.post('/api/auth/login', { email: ada.email, password: PASSWORD })).statusCode, 200)
      t.match(await stored(), current, `${name}: renewed`)
      t.equal((await nobody.post('/api/auth/login', { email: ada.email, password: PASSWORD })).statusCode, 200)
    }
    const stronger = await hash(PASSWORD, { memoryCost: 30_000, timeCost: 3 })
    await app.db.sql`update users set password_hash = ${stronger} where id = ${ada.id}`
    await nobody.post('/api/auth/login', { email: ada.email, password: PASSWORD })
    t.equal(await stored(), stronger, 'a stronger one stays')
  })

  t.test('SECURITY 5: what a hash costs is set by the operator, and not below the least', async (t) => {
    const password = 'a good password'
    const { PASSWORD_MEMORY_KIB: memoryKiB } = loadConfig({ NODE_ENV: 'test', DATA_DIR: t.testdir() })
    const passwords = createPasswords({ memoryKiB })
    const usual = await passwords.hash(password)
    t.match(usual, /^\$argon2id\$v=19\$m=65536,t=3,p=1\$/, 'what is used when nothing is said')
    t.notOk(passwords.isOutdated(usual))
    const dearer = createPasswords({ memoryKiB: 2 * memoryKiB })
    t.ok(dearer.isOutdated(usual), 'who asks for more has the others renewed')
    t.ok(await dearer.verify(usual, password), 'and they fit until then')
    t.throws(() => loadConfig({ NODE_ENV: 'test', DATA_DIR: t.testdir(), PASSWORD_MEMORY_KIB: '19455' }), ConfigError)
  })
})

t.test('SECURITY 7: an unknown email and a wrong password cannot be told apart', async (t) => {
  const app = await testApp(t)
  const ada = await person(app)
  const oauthOnly = await person(app)
  await app.db.sql`update users set password_hash = null where id = ${oauthOnly.id}`
  const disabled = await person(app)
  await app.db.sql`update users set disabled_at = now() where id = ${disabled.id}`
  const ask = async (email: string) => {
    const before = app.passwords.stats()
    const answer = await caller(app).post('/api/auth/login', { email, password: 'not the password' })
    const after = app.passwords.stats()
    const { date: _date, 'x-request-id': _id, ...headers } = answer.headers
    const { requestId: _requestId, ...body } = answer.json<Record<string, unknown>>()
    for (const name of Object.keys(headers)) if (name.startsWith('ratelimit')) delete headers[name]
    return {
      status: answer.statusCode,
      headers,
      body,
      work: after.verified - before.verified + after.hashed - before.hashed,
    }
  }
  const known = await ask(ada.email)
  t.match(known, { status: 401, work: 1 })
  t.same(await ask('nobody@example.org'), known, 'unknown: the same answer for the same work')
  t.same(await ask(oauthOnly.email), known, 'an account without a password')
  t.same(await ask(disabled.email), known, 'a disabled account')
  const before = app.passwords.stats().hashed
  const taken = { email: ada.email, password: 'some other good one' }
  t.equal((await caller(app).post('/api/auth/register', taken)).statusCode, 409)
  t.equal(app.passwords.stats().hashed - before, 1, 'registration hashes before it looks whether the email is taken')
})

type App = Awaited<ReturnType<typeof testApp>>

/** Tries passwords on accounts from addresses, as a proxy in front would pass them on. */
const attacker = (app: App) => (email: string, address: string, password: string) =>
  caller(app).post('/api/auth/login', { email, password }, { 'x-forwarded-for': address })

for (const backend of ['postgres', 'redis'] as const) {
  t.test(`SECURITY 6: guessing passwords is throttled on all instances, with ${backend}`, async (t) => {
    const redis = backend === 'redis' ? await testRedis(t) : undefined
    if (backend === 'redis' && redis === undefined) return
    const databaseUrl = await testDatabase(t)
    const env = { TRUST_PROXY: '1', RATE_LIMIT_AUTH: '6/60', ...(redis === undefined ? {} : { REDIS_URL: redis }) }
    const [one, two] = [await testApp(t, { databaseUrl, env }), await testApp(t, { databaseUrl, env })]
    const here = attacker(one)
    const there = attacker(two)
    const [ada, eve] = [await person(one), await person(one, 'eve')]

    const parallel = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 ? here : there)(ada.email, `198.51.100.${index}`, 'wrong one'),
      ),
    )
    const statuses = parallel.map((answer) => answer.statusCode)
    t.equal(
      statuses.filter((status) => status === 401).length,
      6,
      'six guesses at one account, from many addresses at once',
    )
    t.equal(statuses.filter((status) => status === 429).length, 14, 'and no more')
    const refused = await there(ada.email.toUpperCase(), '198.51.100.99', PASSWORD)
    t.equal(refused.statusCode, 429, 'not even with the right password, nor in capitals')
    t.match(refused.headers['retry-after'], /^([1-9]|[1-5]\d|60)$/, 'and it says how long')
    t.match(refused.json(), { code: 'RATE_LIMITED', detail: /wrong passwords/ })
    t.equal((await there(eve.email, '198.51.100.99', PASSWORD)).statusCode, 200, 'other accounts are unaffected')
    t.equal(
      (await here(ada.email, '127.0.0.1', PASSWORD)).statusCode,
      200,
      'and the owner, where she always comes from',
    )

    for (let index = 0; index < 6; index += 1) {
      const wrong = await there(`nobody${index}@example.org`, '203.0.113.1', 'wrong one')
      t.equal(wrong.statusCode, 401, `guess ${index + 1} from one address`)
    }
    t.equal((await here('nobody@example.org', '203.0.113.1', 'wrong one')).statusCode, 429, 'an address is bounded too')
    t.equal((await here(eve.email, '203.0.113.2', PASSWORD)).statusCode, 200, 'others are not')

    if (redis === undefined) await one.db.sql`update attempts set resets_at = now()`
    else await one.redis?.eval("for _, k in ipairs(redis.call('KEYS', '*attempts*')) do redis.call('DEL', k) end", 0)
    t.equal(
      (await here(ada.email, '198.51.100.98', PASSWORD)).statusCode,
      200,
      'when the window is over, nobody is kept out',
    )
  })
}

t.test('SECURITY 6: a stolen session does not help to guess the password', async (t) => {
  const databaseUrl = await testDatabase(t)
  const env = { RATE_LIMIT_AUTH: '4/60', JWT_SECRET: 'a'.repeat(40), COOKIE_SECRET: 'b'.repeat(40) }
  const [one, two] = [await testApp(t, { databaseUrl, env }), await testApp(t, { databaseUrl, env })]
  const ada = await person(one)
  // Its limit of requests is another thing, and higher for a higher tier.
  await one.db.sql`update users set tier = 'enterprise' where id = ${ada.id}`
  await one.sessions.forget(ada.id)
  const callers = [one, two].map((app) => caller(app, ada.headers))
  const wrong = { currentPassword: 'not the password' }
  const asks: [path: string, body: object][] = [
    ['/api/auth/password/change', { ...wrong, newPassword: 'another good password' }],
    ['/api/auth/mfa/totp', wrong],
    ['/api/auth/passkeys/options', wrong],
    ['/api/auth/email/change', { ...wrong, email: 'x@example.org' }],
  ]
  const answers = await Promise.all(
    Array.from({ length: 12 }, (_, index) => {
      const [path, body] = asks[index % asks.length] as (typeof asks)[0]
      return (callers[index % 2] as (typeof callers)[0]).post(path, body)
    }),
  )
  const statuses = answers.map(({ statusCode }) => statusCode)
  t.equal(statuses.filter((status) => status === 401).length, 4, 'four guesses, wherever they are tried')
  t.equal(statuses.filter((status) => status === 429).length, 8)
  const right = { currentPassword: PASSWORD, newPassword: 'another good password' }
  const refused = await ada.post('/api/auth/password/change', right)
  t.match(refused.json(), { code: 'RATE_LIMITED', detail: /wrong passwords/ }, 'not even with the right one')
  t.ok(Number(refused.headers['retry-after']) > 0)
  const { items } = (await ada.get('/api/audit?action=account.password_refused')).json<{ items: object[] }>()
  t.equal(items.length, 4, 'each one is written down')
  t.match(items[0], { actorId: ada.id, address: String, requestId: String })
  t.equal((await ada.get('/api/auth/me')).statusCode, 200, 'everything else goes on')
  await one.db.sql`update attempts set resets_at = now()`
  t.equal((await ada.post('/api/auth/password/change', right)).statusCode, 204, 'and the window ends by itself')
})

t.test('SECURITY 6: right passwords do not count', async (t) => {
  const app = await testApp(t, { env: { TRUST_PROXY: '1', RATE_LIMIT_AUTH: '3/60' } })
  const ada = await person(app)
  for (let index = 0; index < 8; index += 1) {
    t.equal((await attacker(app)(ada.email, `198.51.100.${index}`, PASSWORD)).statusCode, 200)
  }
})

t.test('SECURITY 8: no default account, no weak secret', async (t) => {
  const app = await testApp(t)
  const [row] = await app.db.sql<{ count: number }[]>`select count(*)::int as count from users`
  t.equal(row?.count, 0, 'a new installation has no account')
  for (const JWT_SECRET of ['changeme', 'x'.repeat(31), `${'secret'.repeat(6)}`, undefined]) {
    const load = () => loadConfig({ NODE_ENV: 'production', ...(JWT_SECRET === undefined ? {} : { JWT_SECRET }) })
    t.throws(load, ConfigError, `JWT_SECRET ${JWT_SECRET}`)
  }
})

t.test('SECURITY 80: hashing is bounded, one per core at a time, a short queue, then 503', async (t) => {
  const passwords = createPasswords({ memoryKiB: 19_456, concurrency: 1, queueLimit: 2 })
  const all = await Promise.allSettled(Array.from({ length: 5 }, () => passwords.hash('a good password')))
  t.same(
    all.map((one) => one.status),
    ['fulfilled', 'fulfilled', 'fulfilled', 'rejected', 'rejected'],
  )
  t.match(all[4], { reason: { code: 'OVERLOADED', status: 503, retryAfter: 2 } })
  t.match(passwords.stats(), { hashed: 5, refused: 2, waiting: 0, running: 0 })
  t.equal(await passwords.verify(await passwords.hash('a good password'), 'a good password'), true, 'and it recovers')
})

t.test('SECURITY 7: a hash of former parameters takes the work of one of today', async (t) => {
  const passwords = createPasswords({ memoryKiB: 65_536 })
  const password = 'a good password'
  const rows: [name: string, memoryCost: number, timeCost: number, left: number][] = [
    ['today', 65_536, 3, 0],
    ['stronger', 131_072, 3, 0],
    ['as much work with more passes', 49_152, 4, 0],
    ['a little less', 65_400, 3, 0],
    ['the least of OWASP', 19_456, 2, 52_565],
    ['fewer passes', 65_536, 2, 21_845],
  ]
  for (const [name, memoryCost, timeCost, left] of rows) {
    const stored = await hash(password, { algorithm: ARGON2ID, memoryCost, timeCost, parallelism: 1 })
    t.equal(workLeft(stored, 65_536), left, name)
    const work = memoryCost * timeCost + left * 3
    t.ok(work >= 65_536 * 3 - 3 * 512, `${name}: no less work than today's`)
    t.ok(await passwords.verify(stored, password), `${name}: fits`)
    t.notOk(await passwords.verify(stored, 'another password'), `${name}: and nothing else does`)
  }
  t.equal(workLeft('$2b$10$unknown', 65_536), 0, 'of another kind')
})

t.test('addresses are counted by network', async (t) => {
  const rows: [string, string][] = [
    ['192.0.2.7', '192.0.2.7'],
    ['::ffff:192.0.2.7', '192.0.2.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:db8:1:2::1', '2001:db8:1:2::/64'],
    ['2001:0DB8:0001:0002::9', '2001:db8:1:2::/64'],
    ['::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80:0:0:0::/64'],
    ['unknown', 'unknown'],
  ]
  for (const [address, network] of rows) t.equal(networkOf(address), network, address)
})

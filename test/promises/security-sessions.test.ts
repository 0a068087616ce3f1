import {
  createHmac,
  createPublicKey,
  generateKeyPairSync,
  type JsonWebKey,
  type KeyObject,
  randomBytes,
  sign as signBytes,
} from 'node:crypto'
import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createVerifier } from 'fast-jwt'
import t, { type Test } from 'tap'
import { STANDING as KEY_STANDING } from '../../src/accounts/api-keys.ts'
import { OPEN_BY_PASSWORD, ROTATE, STANDING } from '../../src/accounts/session-repository.ts'
import { keys as keysCommand } from '../../src/process/commands/keys.ts'
import { caller, PASSWORD, person, testApp } from '../helpers/app.ts'
import { testDatabase } from '../helpers/database.ts'
import { testRedis } from '../helpers/redis.ts'

// The numbers are those of the list of requirements that the project keeps (OWASP ASVS 5.0.0, chapters 7, 9 and 10).

type App = Awaited<ReturnType<typeof testApp>>
interface Pair {
  accessToken: string
  refreshToken: string
}

const SECRETS = {
  JWT_SECRET: 'a'.repeat(40),
  COOKIE_SECRET: 'b'.repeat(40),
  ENCRYPTION_KEY: `1:${Buffer.alloc(32, 7).toString('base64')}`,
}
const refresh = (app: App, refreshToken: string) => caller(app).post('/api/auth/refresh', { refreshToken })
const me = async (app: App, token: string) =>
  (await caller(app, { authorization: `Bearer ${token}` }).get('/api/auth/me')).statusCode

/** Milliseconds until an instance refuses a token; fails after two seconds. */
async function refusedAfter(t: Test, app: App, token: string, what: string): Promise<void> {
  const begun = Date.now()
  while ((await me(app, token)) !== 401 && Date.now() - begun < 2000)
    await new Promise((resolve) => setImmediate(resolve))
  t.equal(await me(app, token), 401, `${what} (after ${Date.now() - begun} ms)`)
}

t.test('SECURITY 13 to 17: refresh tokens', async (t) => {
  const app = await testApp(t, { env: { REFRESH_GRACE: '5' } })

  t.test('SECURITY 13: each use gives another one', async (t) => {
    const ada = await person(app)
    const seen = new Set([ada.refreshToken])
    let token = ada.refreshToken
    for (let index = 0; index < 5; index += 1) {
      token = (await refresh(app, token)).json<Pair>().refreshToken
      seen.add(token)
    }
    t.equal(seen.size, 6)
  })

  t.test('SECURITY 14: a retry within the grace gets the same pair; only of the immediate predecessor', async (t) => {
    const ada = await person(app)
    const first = await refresh(app, ada.refreshToken)
    const retry = await refresh(app, ada.refreshToken)
    t.equal(retry.body, first.body)
    const second = await refresh(app, first.json<Pair>().refreshToken)
    t.equal(second.statusCode, 200, 'the retry did no harm')
    t.match((await refresh(app, ada.refreshToken)).json(), { code: 'SESSION_REVOKED' }, 'the one before is reuse')
  })

  t.test('SECURITY 15: reuse ends the family and its newest access token', async (t) => {
    const ada = await person(app)
    const newest = (await refresh(app, ada.refreshToken)).json<Pair>()
    await app.db.sql`update sessions set rotated_at = now() - interval '6 seconds' where user_id = ${ada.id}`
    t.equal(await me(app, newest.accessToken), 200)
    t.match((await refresh(app, ada.refreshToken)).json(), { code: 'SESSION_REVOKED' })
    t.equal(await me(app, newest.accessToken), 401, 'at once')
    t.equal((await refresh(app, newest.refreshToken)).statusCode, 401)
    const [audit] = await app.db.sql<{ action: string }[]>`
      select action from audit_log where target_id = (select id::text from sessions where user_id = ${ada.id}) and action = 'session.reused'`
    t.ok(audit, 'and the audit log has it')
  })

  t.test('SECURITY 16: 20 parallel refreshes make one family, and nobody is signed out', async (t) => {
    const ada = await person(app)
    let token = ada.refreshToken
    for (let round = 1; round <= 3; round += 1) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(app, token)))
      t.same(new Set(answers.map((answer) => answer.statusCode)), new Set([200]), `round ${round}`)
      t.equal(new Set(answers.map((answer) => answer.body)).size, 1, `round ${round}: one pair`)
      token = answers[0]?.json<Pair>().refreshToken ?? ''
    }
  })

  t.test('SECURITY 17: absolute end whatever is refreshed, and an end by idleness', async (t) => {
    const rows: [name: string, change: string][] = [
      ['absolute', `expires_at = now() - interval '1 second'`],
      ['idle', `rotated_at = now() - interval '31 days'`],
    ]
    for (const [name, change] of rows) {
      const ada = await person(app)
      const pair = (await refresh(app, ada.refreshToken)).json<Pair>()
      await app.db.sql.unsafe(`update sessions set ${change} where user_id = $1`, [ada.id])
      await app.sessions.forget(ada.id)
      t.match((await refresh(app, pair.refreshToken)).json(), { code: 'SESSION_REVOKED' }, `${name}: no refresh`)
      t.equal(await me(app, pair.accessToken), 401, `${name}: no access`)
      const other = (await caller(app).post('/api/auth/login', { email: ada.email, password: PASSWORD })).json<Pair>()
      const list = await caller(app, { authorization: `Bearer ${other.accessToken}` }).get('/api/auth/sessions')
      t.equal(list.json<{ items: unknown[] }>().items.length, 1, `${name}: not in the list`)
    }
    const ada = await person(app)
    const [before] = await app.db.sql<{ at: string }[]>`select expires_at as at from sessions where user_id = ${ada.id}`
    await refresh(app, ada.refreshToken)
    const [after] = await app.db.sql<{ at: string }[]>`select expires_at as at from sessions where user_id = ${ada.id}`
    t.equal(after?.at, before?.at, 'a refresh does not move the absolute end')
  })

  t.test('SECURITY 26: opaque, random, stored as hashes', async (t) => {
    const ada = await person(app)
    const pair = (await refresh(app, ada.refreshToken)).json<Pair>()
    const [row] = await app.db.sql<{ text: string }[]>`select s::text as text from sessions s where user_id = ${ada.id}`
    for (const token of [ada.refreshToken, pair.refreshToken, pair.accessToken]) t.notOk(row?.text.includes(token))
    t.ok(Buffer.from(pair.refreshToken, 'base64url').length >= 64)
  })
})

t.test('SECURITY 26: no token, key or password in a line of the log, nor in what a request is known by', async (t) => {
  const lines: string[] = []
  const app = await testApp(t, { onLog: (line) => lines.push(JSON.stringify(line)), env: { LOG_LEVEL: 'trace' } })
  const ada = await person(app)
  const pair = (await refresh(app, ada.refreshToken)).json<Pair>()
  const { key } = (await ada.post('/api/auth/api-keys', { name: 'k', scopes: ['account:read'] })).json<{
    key: string
  }>()
  const enrolment = (await ada.post('/api/auth/mfa/totp', { currentPassword: PASSWORD })).json<{ secret: string }>()
  const wrong = 'a password that is wrong'
  await caller(app).post('/api/auth/login', { email: ada.email, password: wrong })
  await me(app, key)
  await me(app, `${ada.token}x`)
  await refresh(app, `${pair.refreshToken}x`)
  await caller(app, { cookie: `__Host-parley=${pair.accessToken}` }).get('/api/auth/me')
  await caller(app, { authorization: `Basic ${btoa(`ada:${PASSWORD}`)}` }).get('/api/auth/me')
  t.ok(lines.length >= 10, `${lines.length} lines`)
  const log = lines.join('\n')
  t.ok(log.includes('/api/auth/login'), 'requests are logged')
  const secrets = { PASSWORD, wrong, key, totp: enrolment.secret, ...pair, first: ada.token, used: ada.refreshToken }
  for (const [name, secret] of Object.entries(secrets)) {
    const text = String(secret)
    if (text.length < 8) continue
    t.notOk(log.includes(text), name)
    t.notOk(log.includes(text.slice(-24)) && text.length > 24, `the end of ${name}`)
  }
})

t.test('SECURITY 18 to 21: what ends access, here at once and elsewhere within two seconds', async (t) => {
  for (const backend of ['postgres', 'redis'] as const) {
    t.test(backend, async (t) => {
      const redis = backend === 'redis' ? await testRedis(t) : undefined
      if (backend === 'redis' && redis === undefined) return
      const databaseUrl = await testDatabase(t)
      const env = { ...SECRETS, ...(redis === undefined ? {} : { REDIS_URL: redis }) }
      const [one, two] = [await testApp(t, { databaseUrl, env }), await testApp(t, { databaseUrl, env })]
      const admin = await person(one, 'admin')
      await one.db.sql`update users set role = 'admin' where id = ${admin.id}`
      await one.sessions.forget(admin.id)
      const rows: {
        name: string
        end: (ada: Awaited<ReturnType<typeof person>>) => Promise<{ statusCode: number }>
      }[] = [
        { name: '18: logout', end: (ada) => ada.post('/api/auth/logout') },
        { name: '18: logout everywhere', end: (ada) => ada.post('/api/auth/logout-all') },
        {
          name: '19: an account that is disabled',
          end: (ada) => admin.patch(`/api/users/${ada.id}`, { disabled: true }),
        },
        { name: '21: a role that is taken away', end: (ada) => admin.patch(`/api/users/${ada.id}`, { role: 'user' }) },
        {
          name: '20: a session that is ended by its owner',
          async end(ada) {
            const { items } = (await ada.get('/api/auth/sessions')).json<{ items: { id: string }[] }>()
            return ada.delete(`/api/auth/sessions/${items[0]?.id}`)
          },
        },
      ]
      for (const { name, end } of rows) {
        const ada = await person(one)
        t.equal(await me(two, ada.token), 200, `${name}: known elsewhere`)
        t.ok((await end(ada)).statusCode < 300, name)
        t.equal(await me(one, ada.token), 401, `${name}: here`)
        await refusedAfter(t, two, ada.token, `${name}: elsewhere`)
        t.equal((await refresh(two, ada.refreshToken)).statusCode, 401, `${name}: no refresh either`)
      }

      const ada = await person(one)
      const phone = (await caller(one).post('/api/auth/login', { email: ada.email, password: PASSWORD })).json<Pair>()
      t.equal(await me(two, phone.accessToken), 200)
      await ada.post('/api/auth/password/change', { currentPassword: PASSWORD, newPassword: 'another good one' })
      await refusedAfter(t, two, phone.accessToken, 'a password that is changed ends the other sessions')
      t.equal(await me(two, ada.token), 200, 'and not the one that changed it')

      const users = caller(two, admin.headers)
      t.equal((await users.get('/api/users')).statusCode, 200)
      const other = await person(one, 'other-admin')
      await one.db.sql`update users set role = 'admin' where id = ${other.id}`
      await other.patch(`/api/users/${admin.id}`, { tier: 'premium' })
      let tier = ''
      for (const begun = Date.now(); tier !== 'premium' && Date.now() - begun < 2000; ) {
        tier = (await users.get('/api/auth/me')).json<{ tier: string }>().tier
      }
      t.equal(tier, 'premium', 'another tier ends nothing')
    })
  }
})

t.test('SECURITY 20: the list tells device, address and last use', async (t) => {
  const app = await testApp(t, { env: { TRUST_PROXY: '1' } })
  const ada = await person(app)
  const agent = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0'
  const login = await caller(app).post(
    '/api/auth/login',
    { email: ada.email, password: PASSWORD },
    { 'user-agent': agent, 'x-forwarded-for': '203.0.113.9' },
  )
  const { refreshToken } = login.json<Pair>()
  const first = async () => (await ada.get('/api/auth/sessions')).json<{ items: Record<string, string>[] }>().items[0]
  t.match(await first(), { device: 'Firefox on Windows', userAgent: agent, address: '203.0.113.9', current: false })
  await caller(app).post('/api/auth/refresh', { refreshToken }, { 'x-forwarded-for': '203.0.113.10' })
  t.match(await first(), { address: '203.0.113.10' }, 'the address moves with the device')

  await app.db.sql`update sessions set last_seen_at = now() - interval '1 hour'`
  await ada.get('/api/auth/me')
  await app.sessions.flush()
  const rows = await app.db.sql<{ recent: boolean }[]>`
    select last_seen_at > now() - interval '1 minute' as recent from sessions order by id`
  t.same(
    rows.map(({ recent }) => recent),
    [true, false],
    'last use is noted for what was used, without a write per request',
  )
})

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
const decode = (part = '') => JSON.parse(Buffer.from(part, 'base64url').toString()) as Record<string, unknown>

const pems = (keys: { privateKey: KeyObject; publicKey: KeyObject }) => ({
  pem: keys.privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
  publicPem: keys.publicKey.export({ format: 'pem', type: 'spki' }) as string,
})

for (const mode of ['HS256', 'EdDSA', 'ES256'] as const) {
  t.test(`SECURITY 22 to 24: forged and foreign tokens, where ${mode} signs`, async (t) => {
    const keys = mode === 'ES256' ? generateKeyPairSync('ec', { namedCurve: 'P-256' }) : generateKeyPairSync('ed25519')
    const { pem, publicPem } = pems(keys)
    const env = mode === 'HS256' ? SECRETS : { ...SECRETS, JWT_PRIVATE_KEY: pem }
    const app = await testApp(t, { env })
    const ada = await person(app)
    const [head = '', body = '', signature = ''] = ada.token.split('.')
    const header = decode(head)
    const claims = decode(body)
    t.match(header, { alg: mode, kid: String })
    t.match(claims, { iss: 'parley', aud: 'parley', typ: 'access', sub: ada.id, sid: String, iat: Number, exp: Number })
    const now = Math.floor(Date.now() / 1000)

    const hmac = (key: string | Buffer, h: object, c: object) => {
      const text = `${encode(h)}.${encode(c)}`
      return `${text}.${createHmac('sha256', key).update(text).digest('base64url')}`
    }
    /** A token with the right key, so that nothing but the change is wrong with it. */
    const signed = (change: object, more: object = {}) => {
      const h = { ...header, ...more }
      const c = { ...claims, ...change }
      if (mode === 'HS256') return hmac(SECRETS.JWT_SECRET, h, c)
      const text = `${encode(h)}.${encode(c)}`
      const key = { key: keys.privateKey, dsaEncoding: 'ieee-p1363' as const }
      return `${text}.${signBytes(mode === 'ES256' ? 'sha256' : null, Buffer.from(text), key).toString('base64url')}`
    }
    const own = generateKeyPairSync('ed25519')
    const ownText = (more: object) => {
      const text = `${encode({ ...header, alg: 'EdDSA', ...more })}.${body}`
      return `${text}.${signBytes(null, Buffer.from(text), own.privateKey).toString('base64url')}`
    }
    const jwk = own.publicKey.export({ format: 'jwk' })
    const injections = ['../../../../dev/null', "' or 1=1 --", '', 'x'.repeat(5000), '__proto__', 'constructor']
    const rows: [name: string, token: string][] = [
      ['22: alg none', `${encode({ ...header, alg: 'none' })}.${body}.`],
      ['22: alg None with the signature', `${encode({ ...header, alg: 'None' })}.${body}.${signature}`],
      ['22: no alg', `${encode({ ...header, alg: undefined })}.${body}.${signature}`],
      ['22: no signature', `${head}.${body}.`],
      ['22: two parts', `${head}.${body}`],
      ['22: another payload', `${head}.${encode({ ...claims, sub: randomBytes(8).toString('hex') })}.${signature}`],
      ['22: the public key as a secret (RS256 to HS256)', hmac(publicPem, { ...header, alg: 'HS256' }, claims)],
      ['22: the key id as a secret', hmac(String(header.kid), { ...header, alg: 'HS256' }, claims)],
      ['22: an empty secret', hmac('', { ...header, alg: 'HS256' }, claims)],
      ['22: another secret', hmac('x'.repeat(40), { ...header, alg: 'HS256' }, claims)],
      ['22: another key pair', ownText({})],
      ['22: a key in the header (jwk)', ownText({ jwk })],
      ['22: a key by address (jku)', ownText({ jku: 'http://127.0.0.1:1/jwks.json' })],
      ['22: a certificate by address (x5u)', ownText({ x5u: 'http://127.0.0.1:1/x.pem' })],
      ['22: a certificate in the header (x5c)', ownText({ x5c: [Buffer.from(publicPem).toString('base64')] })],
      ...injections.map((kid): [string, string] => [
        `22: kid ${JSON.stringify(kid.slice(0, 30))}`,
        hmac('', { ...header, alg: 'HS256', kid }, claims),
      ]),
      ['22: a kid that is no text', signed({}, { kid: { $ne: '' } })],
      ['22: no kid', signed({}, { kid: undefined })],
      ['22: a critical extension', signed({}, { crit: ['b64'], b64: false })],
      ['22: expired', signed({ iat: now - 100, exp: now - 50 })],
      ['22: not yet valid', signed({ nbf: now + 1000 })],
      ['22: no expiry', signed({ exp: undefined })],
      ['22: an expiry that is no number', signed({ exp: 'never' })],
      ['22: no user', signed({ sub: undefined })],
      ['22: no session', signed({ sid: undefined })],
      ['22: a session of somebody else', signed({ sub: '01920b5e-7d3c-7cc0-8f6e-2f1f0d9a4b11' })],
      ['22: a session that never was', signed({ sid: '01920b5e-7d3c-7cc0-8f6e-2f1f0d9a4b11' })],
      ['23: a refresh token', ada.refreshToken],
      ['23: a token for something else', signed({ typ: 'embed' })],
      ['23: a token without a use', signed({ typ: undefined })],
      ['24: another issuer', signed({ iss: 'elsewhere' })],
      ['24: no issuer', signed({ iss: undefined })],
      ['24: another audience', signed({ aud: 'elsewhere' })],
      ['24: no audience', signed({ aud: undefined })],
      ['empty parts', '..'],
      ['not base64', '%%%.%%%.%%%'],
    ]
    t.equal(await me(app, signed({ jti: 'unchanged otherwise' })), 200, 'the way these are made makes good tokens')
    for (const [name, token] of rows) t.equal(await me(app, token), 401, name)
    t.equal((await refresh(app, ada.token)).statusCode, 401, '23: an access token as refresh token')
    t.equal(await me(app, ada.token), 200, 'none of which did the genuine one harm')
  })
}

t.test('SECURITY 25: keys rotate while the server runs, and nobody notices', async (t) => {
  const dir = mkdtempSync(join(tmpdir(), 'parley-keys-'))
  t.teardown(() => rmSync(dir, { recursive: true, force: true }))
  const path = join(dir, 'keys.json')
  const write = (...keys: object[]) => {
    writeFileSync(`${path}.tmp`, JSON.stringify({ keys }))
    renameSync(`${path}.tmp`, path)
  }
  const make = (kid: string) => ({ ...generateKeyPairSync('ed25519').privateKey.export({ format: 'jwk' }), kid })
  const [first, second] = [make('first'), make('second')]
  write(first)
  const databaseUrl = await testDatabase(t)
  const env = { ...SECRETS, JWT_KEYS_FILE: path }
  const [one, two] = [await testApp(t, { databaseUrl, env }), await testApp(t, { databaseUrl, env })]
  const kidOf = (token: string) => decode(token.split('.')[0]).kid
  const ada = await person(one)
  t.equal(kidOf(ada.token), 'first')

  write(second)
  one.keyFile?.look()
  const eve = await person(one, 'eve')
  t.equal(kidOf(eve.token), 'second', 'the new key signs')
  t.equal(await me(one, ada.token), 200, 'what the old one signed is good until it runs out')
  const begun = Date.now()
  while ((await me(two, eve.token)) !== 200 && Date.now() - begun < 3000)
    await new Promise((resolve) => setImmediate(resolve))
  t.equal(await me(two, eve.token), 200, 'an instance that has not looked yet looks when it sees the new key')

  const answer = await caller(one).get('/.well-known/jwks.json')
  t.match(answer.headers, { 'cache-control': 'public, max-age=300', 'content-type': /^application\/json/ })
  const { keys } = answer.json<{ keys: (JsonWebKey & { kid: string })[] }>()
  t.same(
    keys.map(({ kid }) => kid),
    ['second', 'first'],
    'both are published',
  )
  t.same(
    new Set(keys.flatMap((key) => Object.keys(key))),
    new Set(['kty', 'crv', 'x', 'kid', 'alg', 'use']),
    'public parts only',
  )
  const pem = createPublicKey({ key: keys[0] as JsonWebKey, format: 'jwk' }).export({ format: 'pem', type: 'spki' })
  t.match(
    createVerifier({ key: pem as string, algorithms: ['EdDSA'] })(eve.token),
    { sub: eve.id },
    'others can verify',
  )

  writeFileSync(path, '{"keys": [')
  one.keyFile?.look()
  t.equal(kidOf((await person(one)).token), 'second', 'a file that is half written changes nothing')
  await t.rejects(
    keysCommand.run(['rotate', path], () => {}),
    /is not JSON/,
    'nor is it written over',
  )
  write(second)
  for (const alg of ['ES256', 'HS256', 'EdDSA']) await keysCommand.run(['rotate', path, '--alg', alg], () => {})
  one.keyFile?.look()
  t.match(decode((await person(one)).token.split('.')[0]), { alg: 'EdDSA' }, 'the command line puts a new key first')
  t.equal(await me(one, eve.token), 200, 'and keeps those that were there')
  await t.rejects(
    keysCommand.run(['rotate'], () => {}),
    /Usage/,
  )

  const hs = await testApp(t, { env: SECRETS })
  t.same((await caller(hs).get('/.well-known/jwks.json')).json(), { keys: [] }, 'a shared secret is never published')
})

t.test('authentication, refresh and sign-in: every look-up by an index', async (t) => {
  const app = await testApp(t)
  const ada = await person(app)
  const [session] = await app.db.sql<{ id: string }[]>`select id from sessions where user_id = ${ada.id}`
  const made = await ada.post('/api/auth/api-keys', { name: 'k', scopes: ['account:read'] })
  const [id, now] = [session?.id ?? '', new Date().toISOString()]
  const rows: [name: string, text: string, values: string[], indexes: string[]][] = [
    ['authentication', STANDING, [id, '60'], ['sessions_pkey', 'users_pkey']],
    ['refresh', ROTATE, [id, 'a', 'b', 'c', 'd', '60'], ['sessions_(pkey|refresh_hash_unique)']],
    ['API key', KEY_STANDING, [made.json<{ id: string }>().id], ['api_keys_pkey', 'users_pkey']],
    ['sign-in', OPEN_BY_PASSWORD, [ada.id, 'a', id, 'b', 'c', 'd', now, id, 'e'], ['users_pkey', 'totp_factors_pkey']],
  ]
  for (const [name, text, values, indexes] of rows) {
    const lines = await app.db.sql.begin(async (sql) => {
      await sql`set local enable_seqscan = off`
      return sql.unsafe(`explain ${text}`, values)
    })
    const plan = lines.map((line) => Object.values(line)[0]).join('\n')
    t.notMatch(plan, /Seq Scan/, `${name}: ${plan}`)
    for (const index of indexes) t.match(plan, new RegExp(`Index (Only )?Scan using ${index}`), name)
  }
})

for (const backend of ['postgres', 'redis'] as const) {
  t.test(`authentication and refresh cost one query at most, with ${backend}`, async (t) => {
    const redis = backend === 'redis' ? await testRedis(t) : undefined
    if (backend === 'redis' && redis === undefined) return
    const app = await testApp(t, { env: redis === undefined ? {} : { REDIS_URL: redis } })
    const ada = await person(app)
    const made = await ada.post('/api/auth/api-keys', { name: 'k', scopes: ['account:read'] })
    const { id, key } = made.json<{ id: string; key: string }>()
    const seen: string[] = []
    // The driver tells each statement that it sends; those of timers are about other tables.
    Object.assign(app.db.sql.options, { debug: (_connection: number, text: string) => void seen.push(text) })
    const cost = async (work: () => Promise<unknown>): Promise<number> => {
      seen.length = 0
      await work()
      return seen.filter((text) => /\b(sessions|users|api_keys)\b|^(begin|commit)/i.test(text)).length
    }
    await app.sessions.forget(ada.id)
    t.equal(await cost(() => app.authenticate(ada.token)), 1, 'the first request of a second')
    t.equal(await cost(() => app.authenticate(ada.token)), 0, 'and the next ones none')
    app.apiKeys.forget(id)
    const twenty = () => Promise.all(Array.from({ length: 20 }, () => app.authenticate(key)))
    t.equal(await cost(twenty), 1, 'twenty requests of an API key within a second')
    const statuses: number[] = []
    t.equal(
      await cost(async () => statuses.push((await refresh(app, ada.refreshToken)).statusCode)),
      1,
      'a refresh, without a transaction of several steps',
    )
    const body = { email: ada.email, password: PASSWORD }
    t.equal(
      await cost(async () => statuses.push((await caller(app).post('/api/auth/login', body)).statusCode)),
      2,
      'a sign-in: whose password it is, and the session',
    )
    t.same(statuses, [200, 200])
  })
}

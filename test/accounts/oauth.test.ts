import t, { type Test } from 'tap'
import type { ConfigError } from '../../src/config/load.ts'
import { loadConfig } from '../../src/config/load.ts'
import { caller, PASSWORD, type Person, person, testApp } from '../helpers/app.ts'
import { oidcProvider, type ProviderPerson } from '../helpers/oidc.ts'

const ORIGIN = 'http://localhost:4700'
type Started = { url: string; handle: string }

/** An app with a real provider, and a browser that goes to it and back. */
async function world(t: Test, options: Record<string, unknown> = {}, env: Record<string, string> = {}) {
  const provider = await oidcProvider(t, `${ORIGIN}/api/auth/oauth/local/callback`)
  const { issuer, client_id: clientId, client_secret: clientSecret } = provider
  const entry = { name: 'local', label: 'Local', issuer, clientId, clientSecret, ...options }
  const logged: string[] = []
  const app = await testApp(t, {
    env: { PUBLIC_URL: ORIGIN, OIDC_PROVIDERS: JSON.stringify([entry]), ...env },
    onLog: (line) => logged.push(JSON.stringify(line)),
  })
  const nobody = caller(app)
  const start = async () => (await nobody.post('/api/auth/oauth/local/start')).json<Started>()
  /** Goes to the provider and back; answers the fragment of the page that the browser ends up on. */
  const travel = async ({ url }: Started, who: ProviderPerson, deny = false) => {
    provider.signsIn(who, deny)
    const back = await provider.browse(url)
    return arrive(back.pathname + back.search)
  }
  const arrive = async (path: string) => {
    const answer = await nobody.get(path)
    const location = new URL(String(answer.headers.location))
    t.equal(answer.statusCode, 303)
    t.equal(location.origin + location.pathname + location.search, `${ORIGIN}/account/oauth`, 'always the own page')
    return new URLSearchParams(location.hash.slice(1))
  }
  const exchange = (code: string | null, handle: string) => nobody.post('/api/auth/oauth/exchange', { code, handle })
  const signIn = async (who: ProviderPerson) => {
    const started = await start()
    return exchange((await travel(started, who)).get('code'), started.handle)
  }
  return { app, provider, nobody, start, travel, arrive, exchange, signIn, logged }
}

const grace = { sub: 'g-1', email: 'grace@example.org', email_verified: true, name: 'Grace Hopper' }

t.test('sign-up and sign-in with a provider', async (t) => {
  const { app, nobody, start, travel, exchange, signIn, logged } = await world(t)
  t.same((await nobody.get('/api/auth/oauth')).json(), { items: [{ name: 'local', label: 'Local' }] })
  t.equal((await nobody.post('/api/auth/oauth/elsewhere/start')).statusCode, 404)
  t.equal((await nobody.post('/api/auth/oauth/No!/start')).statusCode, 400)

  const started = await start()
  const { searchParams } = new URL(started.url)
  t.match(Object.fromEntries(searchParams), {
    response_type: 'code',
    code_challenge_method: 'S256',
    code_challenge: /^[\w-]{43}$/,
    state: /^[\w-]{43}$/,
    nonce: /^[\w-]{43}$/,
    redirect_uri: `${ORIGIN}/api/auth/oauth/local/callback`,
  })
  const code = (await travel(started, grace)).get('code')
  t.notOk(code?.includes('.'), 'a one-time code, no token')
  const first = await exchange(code, started.handle)
  t.equal(first.statusCode, 200)
  const made = first.json<{ user: { id: string }; accessToken: string }>()
  t.match(made.user, { email: 'grace@example.org', name: 'Grace Hopper', emailVerified: true, role: 'user' })
  t.equal((await exchange(code, started.handle)).json().code, 'LINK_INVALID', 'the code is good once')
  const again = (await signIn({ ...grace, email: 'moved@example.org' })).json<{ user: object }>()
  t.match(
    again.user,
    { id: made.user.id, email: 'grace@example.org' },
    'recognized by issuer and subject, whatever the email',
  )
  const me = caller(app, { authorization: `Bearer ${made.accessToken}` })
  const listed = (await me.get('/api/auth/oauth/identities')).json<{ items: { id: string }[] }>()
  t.match(listed.items, [{ provider: 'local', email: 'grace@example.org', lastUsedAt: String }])
  const last = `/api/auth/oauth/identities/${listed.items[0]?.id}`
  t.equal((await me.delete(last)).json().code, 'CONFLICT', 'the last way in stays')
  t.equal(
    (await nobody.post('/api/auth/login', { email: grace.email, password: '' })).statusCode,
    401,
    'no password opens it',
  )

  await app.db.sql`update users set disabled_at = now() where id = ${made.user.id}`
  t.equal((await signIn(grace)).json().code, 'ACCOUNT_DISABLED')
  t.notMatch(
    logged.join(),
    new RegExp(`${code}|${started.handle}|${searchParams.get('state')}`),
    'nothing of it is logged',
  )
})

t.test('an account that exists is never linked by its email', async (t) => {
  const { app, nobody, start, travel, exchange, signIn } = await world(t)
  const [ada, eve] = [await person(app), await person(app, 'eve')]
  const claims = { sub: 'a-1', email: ada.email, email_verified: true }
  t.equal((await signIn(claims)).json().code, 'OAUTH_LINK_REQUIRED')
  t.equal((await signIn({ ...claims, email_verified: false })).json().code, 'EMAIL_UNVERIFIED')
  t.equal((await signIn({ sub: 'a-2' })).json().code, 'EMAIL_UNVERIFIED', 'no email at all')
  t.same(await app.db.sql`select id from identities`, [])

  const begin = (as: Pick<Person, 'post'>, body: object = { currentPassword: PASSWORD }, name = 'local') =>
    as.post(`/api/auth/oauth/${name}/link`, body)
  const rows: [name: string, Promise<{ statusCode: number }>, status: number][] = [
    ['nobody', begin(nobody), 401],
    ['a wrong password', begin(ada, { currentPassword: 'wrong' }), 401],
    ['no password', begin(ada, {}), 400],
    ['an unknown provider', begin(ada, { currentPassword: PASSWORD }, 'elsewhere'), 404],
  ]
  for (const [name, answer, status] of rows) t.equal((await answer).statusCode, status, name)

  const link = async (as: Person, who: ProviderPerson) => {
    const started = (await begin(as)).json<Started>()
    return { code: (await travel(started, who)).get('code'), handle: started.handle }
  }
  const forLogin = await link(ada, claims)
  t.equal((await exchange(forLogin.code, forLogin.handle)).json().code, 'LINK_INVALID', 'a link signs nobody in')
  const started = await start()
  const login = { code: (await travel(started, claims)).get('code'), handle: started.handle }
  t.equal((await ada.post('/api/auth/oauth/link', login)).json().code, 'LINK_INVALID', 'a sign-in links nothing')
  const others = await link(ada, claims)
  t.equal((await eve.post('/api/auth/oauth/link', others)).json().code, 'LINK_INVALID', 'only who began can finish')
  t.equal((await nobody.post('/api/auth/oauth/link', others)).statusCode, 401)
  t.equal((await ada.post('/api/auth/oauth/link', {})).statusCode, 400)

  t.equal((await ada.post('/api/auth/oauth/link', await link(ada, claims))).statusCode, 204)
  t.equal((await ada.post('/api/auth/oauth/link', await link(ada, claims))).statusCode, 204, 'again is no harm')
  t.match((await signIn({ sub: 'a-1' })).json(), { user: { id: ada.id } }, 'now it signs in')
  t.equal(
    (await eve.post('/api/auth/oauth/link', await link(eve, claims))).json().code,
    'CONFLICT',
    'it is somebody else’s',
  )

  const { items } = (await ada.get('/api/auth/oauth/identities')).json<{ items: { id: string }[] }>()
  const url = `/api/auth/oauth/identities/${items[0]?.id}`
  t.equal(items.length, 1)
  t.equal((await nobody.get('/api/auth/oauth/identities')).statusCode, 401)
  t.equal((await nobody.delete(url)).statusCode, 401)
  t.equal((await eve.delete(url)).statusCode, 404)
  t.equal((await ada.delete('/api/auth/oauth/identities/x')).statusCode, 400)
  t.equal((await ada.delete(url)).statusCode, 204)
  t.equal((await signIn({ sub: 'a-1' })).json().code, 'EMAIL_UNVERIFIED', 'unlinked')
  const log = await app.db.sql<
    { action: string }[]
  >`select action from audit_log where action like 'identity.%' order by id`
  t.same(
    log.map(({ action }) => action),
    ['identity.linked', 'identity.linked', 'identity.unlinked'],
  )
})

t.test('what comes back is held against what was begun', async (t) => {
  const { app, nobody, provider, start, travel, arrive, exchange } = await world(t)
  const path = '/api/auth/oauth/local/callback'
  const rows: [name: string, path: string][] = [
    ['nothing', path],
    ['an invented state', `${path}?state=${'s'.repeat(43)}&code=x`],
    ['a provider that is none', `/api/auth/oauth/elsewhere/callback?state=${'s'.repeat(43)}&code=x`],
    ['a place to go', `${path}?redirect_uri=https://evil.example&state=x`],
  ]
  for (const [name, path] of rows) t.equal((await arrive(path)).get('error'), 'LINK_INVALID', name)
  t.equal((await nobody.get('/api/auth/oauth/No!/callback')).statusCode, 400, 'what is no name of a provider')

  provider.signsIn(grace)
  const begun = await start()
  const back = await provider.browse(begun.url)
  t.equal(
    (await arrive(`${path}?state=${back.searchParams.get('state')}&code=forged`)).get('error'),
    'OAUTH_FAILED',
    'a forged code',
  )
  t.equal((await arrive(back.pathname + back.search)).get('error'), 'LINK_INVALID', 'a state is good once')

  const other = new URL((await start()).url)
  for (const name of ['code_challenge', 'nonce']) {
    const fresh = await start()
    const crossed = new URL(fresh.url)
    crossed.searchParams.set(name, other.searchParams.get(name) ?? '')
    const found = await travel({ ...fresh, url: crossed.href }, grace)
    t.equal(found.get('error'), 'OAUTH_FAILED', `the ${name} of another sign-in`)
  }
  t.equal((await travel(await start(), grace, true)).get('error'), 'OAUTH_FAILED', 'the person says no')
  const expired = await start()
  await app.db.sql`update one_time_tokens set expires_at = now() - interval '1 second'`
  t.equal((await travel(expired, grace)).get('error'), 'LINK_INVALID', 'too late')

  const [mine, theirs] = [await start(), await start()]
  const code = (await travel(mine, grace)).get('code')
  t.equal(
    (await exchange(code, theirs.handle)).json().code,
    'LINK_INVALID',
    'the code in another browser is worth nothing',
  )
  t.equal((await exchange(code, mine.handle)).json().code, 'LINK_INVALID', 'and is used up by the try')
  t.equal((await exchange('x', mine.handle)).statusCode, 400)
  const raced = await start()
  const one = (await travel(raced, grace)).get('code')
  const answers = await Promise.all(Array.from({ length: 20 }, () => exchange(one, raced.handle)))
  t.equal(answers.filter(({ statusCode }) => statusCode === 200).length, 1, 'of 20 at once exactly one succeeds')
  const stored = JSON.stringify(await app.db.sql`select * from one_time_tokens`)
  for (const secret of [one, raced.handle, new URL(raced.url).searchParams.get('state')])
    t.notOk(stored.includes(String(secret)), 'only hashes are stored')
})

t.test('the second factor is asked for, sign-up can be closed, and a provider can be away', async (t) => {
  const { app, signIn, provider } = await world(t, { allowSignUp: false })
  t.equal((await signIn(grace)).json().code, 'FORBIDDEN', 'unknown people stay out')
  const ada = await person(app)
  await app.db.sql`
    insert into identities (id, user_id, provider, issuer, subject) values (gen_random_uuid(), ${ada.id}, 'local', ${provider.issuer}, 'a-1')`
  t.equal((await signIn({ sub: 'a-1' })).statusCode, 200)
  await app.db.sql`insert into totp_factors (user_id, secret, confirmed_at) values (${ada.id}, 'x', now())`
  const answer = await signIn({ sub: 'a-1' })
  t.equal(answer.statusCode, 202)
  t.match(answer.json(), { mfaToken: String })

  const away = { name: 'away', issuer: 'http://127.0.0.1:1', clientId: 'x' }
  const lonely = await testApp(t, { env: { OIDC_PROVIDERS: JSON.stringify([away]) } })
  const refused = await caller(lonely).post('/api/auth/oauth/away/start')
  t.equal(refused.statusCode, 503)
  t.ok(refused.headers['retry-after'])
})

t.test('OIDC_PROVIDERS: every fault is told, no secret is shown', async (t) => {
  const good = { name: 'google', issuer: 'https://accounts.google.com', clientId: 'x', clientSecret: 'hush-hush' }
  const rows: [name: string, value: string, fault: RegExp | undefined][] = [
    ['good', JSON.stringify([good]), undefined],
    ['no JSON', '{hush-hush', /is not JSON/],
    ['no list', JSON.stringify(good), /must be array/],
    ['http elsewhere', JSON.stringify([{ ...good, issuer: 'http://accounts.example' }]), /issuer must match/],
    ['http on this machine', JSON.stringify([{ ...good, issuer: 'http://localhost:9000/x' }]), undefined],
    ['no client', JSON.stringify([{ name: 'x', issuer: good.issuer }]), /clientId/],
    ['an unknown key', JSON.stringify([{ ...good, secret: 'hush-hush' }]), /additional properties: secret/],
    ['a name twice', JSON.stringify([good, good]), /has a name twice/],
    ['a name with a slash', JSON.stringify([{ ...good, name: '../x' }]), /name must match/],
    ['scopes without openid', JSON.stringify([{ ...good, scopes: 'email' }]), /scopes must match/],
  ]
  for (const [name, OIDC_PROVIDERS, fault] of rows) {
    let problems: readonly string[] = []
    try {
      loadConfig({ NODE_ENV: 'test', DATA_DIR: t.testdir(), OIDC_PROVIDERS })
    } catch (error) {
      problems = (error as ConfigError).problems
    }
    if (fault === undefined) t.same(problems, [], name)
    else t.match(problems.join('\n'), fault, name)
    t.notMatch(problems.join(), /hush-hush/, name)
  }
})

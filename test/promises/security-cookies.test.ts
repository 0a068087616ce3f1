import type { LightMyRequestResponse } from 'fastify'
import t from 'tap'
import { WebSocket } from 'ws'
import { caller, PASSWORD, person, testApp } from '../helpers/app.ts'
import { browserTest } from '../helpers/browser.ts'

// The numbers are those of the list of requirements that the project keeps (OWASP ASVS 5.0.0, chapters 3, 4 and 7).

type App = Awaited<ReturnType<typeof testApp>>
interface SignedIn {
  csrfToken: string
  expiresIn: number
  user?: { id: string; email: string }
}
type Cookie = { name: string; value: string; [attribute: string]: unknown }

const ORIGIN = 'http://chat.example.org'
const OWN = { host: 'chat.example.org', origin: ORIGIN }
const cookiesOf = (answer: LightMyRequestResponse) => answer.cookies as unknown as Cookie[]
const cookieHeader = (cookies: Cookie[]) => cookies.map(({ name, value }) => `${name}=${value}`).join('; ')

/** A page that is signed in by cookies. */
async function page(app: App, headers: Record<string, string> = {}) {
  const ada = await person(app)
  const answer = await caller(app).post(
    '/api/auth/login',
    { email: ada.email, password: PASSWORD },
    { ...OWN, 'x-auth-mode': 'cookie', ...headers },
  )
  t.equal(answer.statusCode, 200, answer.body)
  const cookies = cookiesOf(answer)
  const body = answer.json<SignedIn>()
  const own = { ...OWN, cookie: cookieHeader(cookies) }
  return { ada, answer, cookies, body, own, withToken: { ...own, 'x-csrf-token': body.csrfToken } }
}

t.test('SECURITY 27: cookies that no script and no other site can use', async (t) => {
  const app = await testApp(t)
  const { ada, answer, cookies, body } = await page(app)
  t.same(cookies.map(({ name }) => name).sort(), ['__Host-parley', '__Host-parley-refresh'])
  for (const one of cookies) {
    t.match(one, { secure: true, httpOnly: true, sameSite: 'Lax', path: '/', maxAge: Number }, one.name)
    t.notOk('domain' in one, `${one.name} has no Domain`)
    t.notOk(answer.body.includes(one.value), `${one.name} is not in the body`)
  }
  t.match(body, { user: { id: ada.id, email: ada.email }, csrfToken: String, expiresIn: 900 })
  t.same(Object.keys(body).sort(), ['csrfToken', 'expiresIn', 'user'], 'no token that a script could read')
  t.notMatch(answer.body, /password/i)
  const register = await caller(app).post(
    '/api/auth/register',
    { email: 'cookie@example.org', password: PASSWORD },
    { ...OWN, 'x-auth-mode': 'cookie' },
  )
  t.equal(register.statusCode, 201)
  t.equal(cookiesOf(register).length, 2, 'a registration signs in the same way')
  const plain = await caller(app).post('/api/auth/login', { email: ada.email, password: PASSWORD }, OWN)
  t.equal(cookiesOf(plain).length, 0, 'nobody gets cookies who did not ask for them')
})

t.test('SECURITY 28: requests that another page may have made', async (t) => {
  const app = await testApp(t, { env: { CORS_ORIGINS: 'https://app.example.org' } })
  const { own, withToken, cookies } = await page(app)
  const other = await page(app)
  const send = (headers: Record<string, string | undefined>, payload: unknown = { name: 'A room' }) =>
    app.inject({
      method: 'POST',
      url: '/api/workspaces',
      headers: Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== undefined)) as never,
      payload: payload as object,
    })
  const rows: { name: string; headers: Record<string, string | undefined>; status: number; payload?: unknown }[] = [
    { name: 'its own page with the token', headers: withToken, status: 201 },
    { name: 'Fetch Metadata of its own', headers: { ...withToken, 'sec-fetch-site': 'same-origin' }, status: 201 },
    { name: 'an allowed origin', headers: { ...withToken, origin: 'https://app.example.org' }, status: 201 },
    { name: 'no Origin (an old browser)', headers: { ...withToken, origin: undefined }, status: 201 },
    { name: 'no token', headers: own, status: 403 },
    { name: 'an empty token', headers: { ...own, 'x-csrf-token': '' }, status: 403 },
    { name: 'a made-up token', headers: { ...own, 'x-csrf-token': 'x'.repeat(43) }, status: 403 },
    { name: 'the token of another session', headers: { ...own, 'x-csrf-token': other.body.csrfToken }, status: 403 },
    { name: 'a foreign origin', headers: { ...withToken, origin: 'https://evil.example' }, status: 403 },
    {
      name: 'a foreign origin that ends alike',
      headers: { ...withToken, origin: `${ORIGIN}.evil.example` },
      status: 403,
    },
    { name: 'a sandboxed page', headers: { ...withToken, origin: 'null' }, status: 403 },
    { name: 'cross-site by Fetch Metadata', headers: { ...withToken, 'sec-fetch-site': 'cross-site' }, status: 403 },
    {
      name: 'same-site without an Origin',
      headers: { ...withToken, origin: undefined, 'sec-fetch-site': 'same-site' },
      status: 403,
    },
    {
      name: 'a form as text',
      headers: { ...withToken, 'content-type': 'text/plain' },
      payload: '{"name":"x"}',
      status: 403,
    },
    {
      name: 'a form',
      headers: { ...withToken, 'content-type': 'application/x-www-form-urlencoded' },
      payload: 'name=x',
      status: 403,
    },
  ]
  for (const { name, headers, status, payload } of rows) {
    const answer = await send(headers, payload)
    t.equal(answer.statusCode, status, name)
    if (status === 403) t.match(answer.json(), { code: 'CSRF_REFUSED' }, name)
  }
  t.equal((await caller(app, own).get('/api/auth/me')).statusCode, 200, 'reading needs no token')
  const bearer = { authorization: `Bearer ${other.ada.token}`, cookie: own.cookie, host: OWN.host }
  t.match(
    (await caller(app, bearer).get('/api/auth/me')).json(),
    { id: other.ada.id },
    'a bearer token goes before cookies',
  )
  t.equal((await send({ ...bearer, origin: 'https://evil.example' })).statusCode, 201, 'and no page can have sent it')
  const key = (await other.ada.post('/api/auth/api-keys', { name: 'k', scopes: ['account:read'] })).json<{
    key: string
  }>()
  const keyed = caller(app, { cookie: `__Host-parley=${key.key}` })
  t.equal((await keyed.get('/api/auth/me')).statusCode, 401, 'an API key in a cookie is none')
  t.equal((await caller(app, { cookie: `__Host-parley=${cookies[1]?.value}` }).get('/api/auth/me')).statusCode, 401)

  const login = (headers: Record<string, string>) =>
    caller(app).post(
      '/api/auth/login',
      { email: other.ada.email, password: PASSWORD },
      { 'x-auth-mode': 'cookie', ...headers },
    )
  t.equal(
    (await login({ host: OWN.host, origin: 'https://evil.example' })).statusCode,
    403,
    'nobody is signed in by another page',
  )
  t.equal((await login({ ...OWN, 'sec-fetch-site': 'cross-site' })).statusCode, 403)
})

t.test('cookies: a page that was loaded anew, refresh, and the end', async (t) => {
  const app = await testApp(t)
  const { own, withToken, body, cookies } = await page(app)
  const nobody = caller(app, OWN)
  t.equal((await nobody.get('/api/auth/cookie')).statusCode, 401)
  t.equal((await nobody.post('/api/auth/cookie/refresh')).statusCode, 401)
  const again = await caller(app, own).get('/api/auth/cookie')
  t.match(again.json(), { csrfToken: body.csrfToken }, 'the token is told again')
  t.ok(again.json<SignedIn>().expiresIn > 800)
  const refreshOnly = { ...OWN, cookie: cookieHeader(cookies.filter(({ name }) => name.endsWith('refresh'))) }
  t.match((await caller(app, refreshOnly).get('/api/auth/cookie')).json(), { csrfToken: body.csrfToken, expiresIn: 0 })

  t.equal((await caller(app, own).post('/api/auth/cookie/refresh')).statusCode, 403, 'a refresh changes something')
  const refreshed = await caller(app, withToken).post('/api/auth/cookie/refresh')
  t.match(refreshed.json(), { csrfToken: body.csrfToken, expiresIn: 900 })
  const next = cookiesOf(refreshed)
  t.equal(next.length, 2)
  t.not(next[1]?.value, cookies[1]?.value)
  const renewed = { ...withToken, cookie: cookieHeader(next) }
  t.equal((await caller(app, renewed).get('/api/auth/me')).statusCode, 200)

  const out = await caller(app, renewed).post('/api/auth/logout')
  t.equal(out.statusCode, 204)
  for (const one of cookiesOf(out)) t.match(one, { value: '', path: '/', secure: true, expires: new Date(0) }, one.name)
  t.equal(cookiesOf(out).length, 2, 'both cookies are taken back')
  t.equal((await caller(app, renewed).get('/api/auth/me')).statusCode, 401)
  t.equal((await caller(app, renewed).get('/api/auth/cookie')).statusCode, 401)
  t.equal((await caller(app, renewed).post('/api/auth/cookie/refresh')).statusCode, 401)
})

t.test('SECURITY 29: signing in always opens a session of its own, and ends the one before', async (t) => {
  const app = await testApp(t)
  const { ada, own, body, cookies } = await page(app)
  const again = await caller(app).post(
    '/api/auth/login',
    { email: ada.email, password: PASSWORD },
    { ...own, 'x-auth-mode': 'cookie' },
  )
  t.equal(again.statusCode, 200)
  t.not(again.json<SignedIn>().csrfToken, body.csrfToken, 'another session')
  t.not(cookiesOf(again)[0]?.value, cookies[0]?.value)
  t.equal((await caller(app, own).get('/api/auth/me')).statusCode, 401, 'the old cookies are worth nothing')
  const planted = { ...OWN, cookie: '__Host-parley=planted; __Host-parley-refresh=planted', 'x-auth-mode': 'cookie' }
  const fixed = await caller(app).post('/api/auth/login', { email: ada.email, password: PASSWORD }, planted)
  t.equal(fixed.statusCode, 200)
  for (const { value } of cookiesOf(fixed)) t.not(value, 'planted', 'nor is a planted one taken over')
  const retry = { ...OWN, 'x-auth-mode': 'cookie', 'idempotency-key': 'one-sign-in' }
  const first = await caller(app).post('/api/auth/login', { email: ada.email, password: PASSWORD }, retry)
  const second = await caller(app).post('/api/auth/login', { email: ada.email, password: PASSWORD }, retry)
  t.equal(cookiesOf(first).length + cookiesOf(second).length, 4, 'an Idempotency-Key never stores cookies')
})

t.test('SECURITY 57: a socket by cookie, for an allowed origin only', async (t) => {
  const app = await testApp(t)
  const address = await app.listen({ port: 0, host: '127.0.0.1' })
  const { own } = await page(app)
  const open = (headers: Record<string, string>) =>
    new Promise<string>((resolve) => {
      const socket = new WebSocket(`${address.replace('http', 'ws')}/ws`, ['parley.v1'], { headers })
      socket.on('unexpected-response', (_request, answer) => resolve(String(answer.statusCode)))
      socket.on('error', () => {})
      socket.on('open', () => socket.send('{"id":1,"type":"echo","data":"here"}'))
      socket.on('message', (data) => {
        const answer = [JSON.parse(String(data)) as { id?: number; type: string; code?: string }]
          .flat()
          .find(({ id }) => id === 1)
        if (answer === undefined) return
        socket.close()
        resolve(answer.code ?? answer.type)
      })
    })
  t.equal(await open({ cookie: own.cookie, origin: address }), 'ack', 'its own page')
  t.equal(
    await open({ cookie: own.cookie, origin: 'https://evil.example' }),
    '403',
    'another page is refused at the handshake',
  )
  t.equal(await open({ cookie: own.cookie, origin: 'null' }), '403')
  t.equal(await open({ cookie: own.cookie }), 'UNAUTHENTICATED', 'without an Origin the cookie counts for nothing')
})

await browserTest(
  t,
  'SECURITY 27: a real browser keeps the cookies, on plain HTTP of this machine too',
  async (t, browser) => {
    const app = await testApp(t)
    const address = await app.listen({ port: 0, host: '127.0.0.1' })
    const ada = await person(app)
    const tab = await (await browser.newContext()).newPage()
    await tab.goto(`${address}/health`)
    // As text: what the test runner makes of a function is not for the browser.
    const found = await tab.evaluate<{
      statuses: number[]
      email: string
      frame: string
      visible: string
    }>(`(async () => {
    const send = (url, headers, body) =>
      fetch(url, {
        method: 'POST',
        headers: body ? { ...headers, 'content-type': 'application/json' } : headers,
        body: body && JSON.stringify(body),
      })
    const login = await send('/api/auth/login', { 'x-auth-mode': 'cookie' }, ${JSON.stringify({ email: ada.email, password: PASSWORD })})
    const { csrfToken } = await login.json()
    const { email } = await (await fetch('/api/auth/me')).json()
    const without = await send('/api/auth/cookie/refresh', {})
    const refreshed = await send('/api/auth/cookie/refresh', { 'x-csrf-token': csrfToken })
    const socket = new WebSocket(location.origin.replace('http', 'ws') + '/ws', ['parley.v1'])
    const frame = await new Promise((resolve) => {
      socket.onmessage = ({ data }) => data.includes('authenticated') && resolve(data)
    })
    const out = await send('/api/auth/logout', { 'x-csrf-token': csrfToken })
    const after = await fetch('/api/auth/me')
    const statuses = [login, without, refreshed, out, after].map(({ status }) => status)
    return { statuses, email, frame, visible: document.cookie }
  })()`)
    t.same(found.statuses, [200, 403, 200, 204, 401])
    t.equal(found.email, ada.email)
    t.match(found.frame, /"authenticated":true/, 'and sends them with the handshake of a socket')
    t.equal(found.visible, '', 'scripts see none of them')
  },
)

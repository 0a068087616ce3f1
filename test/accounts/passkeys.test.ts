import { fileURLToPath } from 'node:url'
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from '@simplewebauthn/server'
import type { FastifyInstance } from 'fastify'
import type { Browser, CDPSession, Page } from 'playwright-core'
import t from 'tap'
import { caller, PASSWORD, type Person, person, testApp } from '../helpers/app.ts'
import { browserTest } from '../helpers/browser.ts'

type Caller = Pick<Person, 'get' | 'post' | 'patch' | 'delete'>
type Options = { token: string; options: { challenge: string } & Record<string, unknown> }

const ORIGIN = 'http://localhost:4700'
const url = '/api/auth/passkeys'
const bundle = fileURLToPath(
  new URL('../../node_modules/@simplewebauthn/browser/dist/bundle/index.umd.min.js', import.meta.url),
)
const FORGED = {
  id: 'AAAA',
  rawId: 'AAAA',
  type: 'public-key',
  clientExtensionResults: {},
  response: { clientDataJSON: 'AAAA', attestationObject: 'AAAA', authenticatorData: 'AAAA', signature: 'AAAA' },
}

/** A page of an origin with an authenticator of its own. Nothing is listening there: the browser's requests are answered by the test. */
async function device(browser: Browser, origin: string) {
  const page = await (await browser.newContext()).newPage()
  await page.route('**/*', (route) => route.fulfill({ contentType: 'text/html', body: '<title>x</title>' }))
  await page.goto(`${origin}/`)
  await page.addScriptTag({ path: bundle })
  const cdp = await page.context().newCDPSession(page)
  await cdp.send('WebAuthn.enable')
  const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
  return { page, cdp, authenticatorId }
}

type Device = { page: Page; cdp: CDPSession; authenticatorId: string }

const run = <T>({ page }: Device, name: 'startRegistration' | 'startAuthentication', options: object): Promise<T> =>
  page.evaluate(
    ([name, optionsJSON]) =>
      (
        globalThis as unknown as Record<string, Record<string, (given: object) => Promise<never>>>
      ).SimpleWebAuthnBrowser?.[name as string]?.({ optionsJSON }) as Promise<never>,
    [name, options] as const,
  )

const loginOptions = async (app: FastifyInstance) => (await caller(app).post(`${url}/login/options`)).json<Options>()

async function register(on: Device, as: Person, name = 'Laptop') {
  const { token, options } = (await as.post(`${url}/options`, { currentPassword: PASSWORD })).json<Options>()
  const response = await run<RegistrationResponseJSON>(on, 'startRegistration', options)
  return { body: { token, name, response }, answer: await as.post(url, { token, name, response }) }
}

async function assertion(on: Device, app: FastifyInstance) {
  const { token, options } = await loginOptions(app)
  return { token, response: await run<AuthenticationResponseJSON>(on, 'startAuthentication', options) }
}

t.test('passkeys: who may, and what is no answer', async (t) => {
  const app = await testApp(t, { env: { PUBLIC_URL: ORIGIN } })
  const [ada, nobody] = [await person(app), caller(app)]
  const { token, options } = (await ada.post(`${url}/options`, { currentPassword: PASSWORD })).json<Options>()
  t.match(options, {
    rp: { id: 'localhost', name: 'Parley' },
    user: { name: ada.email },
    authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
  })
  t.ok(Buffer.from(options.challenge, 'base64url').length >= 16)
  const login = await loginOptions(app)
  t.notOk(login.options.allowCredentials, 'the options of a sign-in name nobody')
  const none = `${url}/01920b5e-7d3c-7cc0-8f6e-2f1f0d9a4b11`
  const rows: [name: string, ask: () => Promise<{ statusCode: number }>, status: number][] = [
    ['list as nobody', () => nobody.get(url), 401],
    ['options as nobody', () => nobody.post(`${url}/options`, { currentPassword: PASSWORD }), 401],
    ['options with a wrong password', () => ada.post(`${url}/options`, { currentPassword: 'wrong' }), 401],
    ['options without one', () => ada.post(`${url}/options`, {}), 400],
    ['register as nobody', () => nobody.post(url, { token, name: 'x', response: FORGED }), 401],
    ['register nothing', () => ada.post(url, { token, name: 'x', response: {} }), 400],
    ['register a forgery', () => ada.post(url, { token, name: 'x', response: FORGED }), 401],
    ['register with a used challenge', () => ada.post(url, { token, name: 'x', response: FORGED }), 400],
    ['sign in with nothing', () => nobody.post(`${url}/login`, { token: login.token }), 400],
    ['sign in with a forgery', () => nobody.post(`${url}/login`, { token: login.token, response: FORGED }), 401],
    ['rename as nobody', () => nobody.patch(none, { name: 'x' }), 401],
    ['rename what is not there', () => ada.patch(none, { name: 'x' }), 404],
    ['rename to nothing', () => ada.patch(none, { name: ' ' }), 400],
    ['remove as nobody', () => nobody.delete(none), 401],
    ['remove what is not there', () => ada.delete(none), 404],
    ['remove what is no id', () => ada.delete(`${url}/x`), 400],
  ]
  for (const [name, ask, status] of rows) t.equal((await ask()).statusCode, status, name)
  t.same((await ada.get(url)).json(), { items: [] })
})

browserTest(t, 'passkeys in a browser: register, sign in, and everything that must not work', async (t, browser) => {
  const app = await testApp(t, { env: { PUBLIC_URL: ORIGIN } })
  const [ada, eve, nobody] = [await person(app), await person(app, 'eve'), caller(app)]
  const laptop = await device(browser, ORIGIN)
  const { body, answer } = await register(laptop, ada)
  t.equal(answer.statusCode, 201)
  const made = answer.json<{ id: string }>()
  t.match(made, { name: 'Laptop', lastUsedAt: null })
  t.equal((await ada.post(url, body)).json().code, 'LINK_INVALID', 'a challenge is good once')
  await t.rejects(register(laptop, ada), /previously registered|already registered/i, 'the device has one already')

  const login = (body: object, as: Caller = nobody) => as.post(`${url}/login`, body)
  const good = await assertion(laptop, app)
  const signedIn = await login(good)
  t.match(signedIn.json(), { user: { id: ada.id }, accessToken: String, refreshToken: String })
  t.equal((await login(good)).json().code, 'LINK_INVALID', 'an answer is good once')

  const other = await loginOptions(app)
  const rows: [name: string, change: (response: AuthenticationResponseJSON) => object][] = [
    [
      'a changed signature',
      ({ response }) => ({ response: { ...response, signature: `${response.signature.slice(0, -4)}AAAA` } }),
    ],
    [
      'other authenticator data',
      ({ response }) => ({ response: { ...response, authenticatorData: response.signature } }),
    ],
    ['an unknown credential', () => ({ id: 'AAAA', rawId: 'AAAA' })],
  ]
  for (const [name, change] of rows) {
    const { token, response } = await assertion(laptop, app)
    const refused = await login({ token, response: { ...response, ...change(response) } })
    t.equal(refused.json().code, 'PASSKEY_INVALID', name)
  }
  const crossed = await assertion(laptop, app)
  t.equal(
    (await login({ ...crossed, token: other.token })).json().code,
    'PASSKEY_INVALID',
    'the challenge of another sign-in',
  )
  const late = await assertion(laptop, app)
  await app.db.sql`update one_time_tokens set expires_at = now() - interval '1 second' where purpose = 'passkey.login'`
  t.equal((await login(late)).json().code, 'LINK_INVALID', 'too late')
  const copied = await assertion(laptop, app)
  await app.db.sql`update passkeys set counter = 1000 where id = ${made.id}`
  t.equal((await login(copied)).json().code, 'PASSKEY_INVALID', 'a counter that falls behind: a copied device')
  await app.db.sql`update passkeys set counter = 0 where id = ${made.id}`
  await laptop.cdp.send('WebAuthn.setUserVerified', { authenticatorId: laptop.authenticatorId, isUserVerified: false })
  await t.rejects(assertion(laptop, app), 'without the PIN the device says no')
  await laptop.cdp.send('WebAuthn.setUserVerified', { authenticatorId: laptop.authenticatorId, isUserVerified: true })

  const elsewhere = await device(browser, 'http://localhost:4999')
  const { token, options } = (await eve.post(`${url}/options`, { currentPassword: PASSWORD })).json<Options>()
  const phished = await run<RegistrationResponseJSON>(elsewhere, 'startRegistration', options)
  t.equal(
    (await eve.post(url, { token, name: 'x', response: phished })).json().code,
    'PASSKEY_INVALID',
    'made on a foreign page',
  )
  const begun = (await eve.post(`${url}/options`, { currentPassword: PASSWORD })).json<Options>()
  const mine = await run<RegistrationResponseJSON>(await device(browser, ORIGIN), 'startRegistration', begun.options)
  const stolen = await ada.post(url, { token: begun.token, name: 'x', response: mine })
  t.equal(stolen.json().code, 'LINK_INVALID', 'a challenge belongs to its user')

  t.equal((await eve.patch(`${url}/${made.id}`, { name: 'x' })).statusCode, 404)
  t.equal((await eve.delete(`${url}/${made.id}`)).statusCode, 404)
  t.match((await ada.patch(`${url}/${made.id}`, { name: 'Work laptop' })).json(), { name: 'Work laptop' })
  t.match((await ada.get(url)).json(), { items: [{ name: 'Work laptop', lastUsedAt: String }] })

  await app.db.sql`insert into totp_factors (user_id, secret, confirmed_at) values (${ada.id}, 'x', now())`
  t.equal((await login(await assertion(laptop, app))).statusCode, 200, 'a passkey is two factors already')
  await app.db.sql`update users set disabled_at = now() where id = ${ada.id}`
  t.equal((await login(await assertion(laptop, app))).json().code, 'ACCOUNT_DISABLED')
  await app.db.sql`update users set disabled_at = null, password_hash = null where id = ${ada.id}`
  t.equal((await ada.delete(`${url}/${made.id}`)).json().code, 'CONFLICT', 'the last way in stays')
  await app.db.sql`update users set password_hash = 'x' where id = ${ada.id}`
  t.equal((await ada.delete(`${url}/${made.id}`)).statusCode, 204)
  t.equal((await login(await assertion(laptop, app))).json().code, 'PASSKEY_INVALID', 'removed')
  const log = await app.db.sql<
    { action: string }[]
  >`select action from audit_log where action like 'passkey.%' order by id`
  t.same(
    log.map(({ action }) => action),
    ['passkey.added', 'passkey.removed'],
  )
})

import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import { WebSocket } from 'ws'
import { SIGN_IN_METHODS } from '../../src/accounts/sign-in.ts'
import { caller, person, testApp } from '../helpers/app.ts'
import { openSocket } from '../helpers/socket-client.ts'
import { ORIGIN, WAYS, worldOfWays } from '../helpers/ways-in.ts'

// OWASP ASVS 6.3.4: whichever way somebody comes in, the same is checked. The numbers are those of the list of requirements that the project keeps.

type Cookie = { name: string; value: string; [attribute: string]: unknown }
const OWN = { host: 'localhost:4700', origin: ORIGIN }

t.test('the table of ways has every method of the audit log', async (t) => {
  t.same(Object.keys(WAYS).sort(), [...SIGN_IN_METHODS].sort())
})

t.test('SECURITY 12: every way to sign in has the same checks', async (t) => {
  const world = await worldOfWays(t)
  const { app } = world
  const { sql } = app.db
  for (const [name, make] of Object.entries(WAYS)) {
    const { userId, begin } = await make(world)
    const sessions = async () =>
      (await sql<{ n: number }[]>`select count(*)::int as n from sessions where user_id = ${userId}`)[0]?.n
    const before = await sessions()
    const good = await (await begin())()
    t.equal(good.statusCode, 200, `${name}: ${good.body}`)
    t.equal(await sessions(), (before ?? 0) + 1, `${name}: a session of its own`)
    const [noted] = await sql<{ method: string; address: string; request: string }[]>`
      select details->>'method' as method, address, request_id as request from audit_log
      where action = 'account.login' and actor_id = ${userId} order by id desc limit 1`
    t.match(noted, { method: name, address: String, request: String }, `${name}: written down`)

    const late = await begin()
    await sql`update users set disabled_at = now() where id = ${userId}`
    t.match((await late()).json(), { status: 403, code: 'ACCOUNT_DISABLED' }, `${name}: disabled before the last step`)
    t.equal(await sessions(), (before ?? 0) + 1, `${name}: no session`)
  }
})

t.test('SECURITY 12: no way in before the email is confirmed, where that is asked for', async (t) => {
  const world = await worldOfWays(t, { REQUIRE_EMAIL_VERIFICATION: 'true', SMTP_URL: 'smtp://127.0.0.1:1' })
  for (const [name, make] of Object.entries(WAYS)) {
    const { userId, begin } = await make(world)
    t.match((await (await begin())()).json(), { status: 403, code: 'EMAIL_UNVERIFIED' }, name)
    await world.app.db.sql`update users set email_verified = true where id = ${userId}`
    t.equal((await (await begin())()).statusCode, 200, `${name}: afterwards`)
  }
})

t.test('SECURITY 27, 29: cookies after every way to sign in', async (t) => {
  const world = await worldOfWays(t)
  for (const [name, make] of Object.entries(WAYS)) {
    const { userId, begin } = await make(world)
    const answer = await (await begin())({ ...OWN, 'x-auth-mode': 'cookie' })
    t.equal(answer.statusCode, 200, `${name}: ${answer.body}`)
    const cookies = answer.cookies as unknown as Cookie[]
    t.same(cookies.map((cookie) => cookie.name).sort(), ['__Host-parley', '__Host-parley-refresh'], name)
    for (const cookie of cookies) {
      t.match(cookie, { secure: true, httpOnly: true, sameSite: 'Lax', path: '/', maxAge: Number }, name)
      t.notOk('domain' in cookie, `${name}: no Domain`)
      t.notOk(answer.body.includes(cookie.value), `${name}: no token that a script could read`)
    }
    const body = answer.json<{ csrfToken: string; user: { id: string } }>()
    t.same(Object.keys(body).sort(), ['csrfToken', 'expiresIn', 'user'], name)
    const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
    const page = caller(world.app, { ...OWN, cookie })
    t.match((await page.get('/api/auth/me')).json(), { id: userId }, `${name}: signed in`)
    t.equal((await page.post('/api/workspaces', { name: 'W' })).statusCode, 403, `${name}: not without the token`)
    const made = await page.post('/api/workspaces', { name: 'W' }, { 'x-csrf-token': body.csrfToken })
    t.equal(made.statusCode, 201, `${name}: with it`)

    const again = await (await begin())({ ...OWN, 'x-auth-mode': 'cookie', cookie })
    t.equal(again.statusCode, 200, `${name} again: ${again.body}`)
    t.equal((await page.get('/api/auth/me')).statusCode, 401, `${name}: the session before was ended`)
    const foreign = await (await begin())({ host: OWN.host, origin: 'https://evil.example', 'x-auth-mode': 'cookie' })
    t.match(foreign.json(), { status: 403 }, `${name}: not for another page`)
    t.equal(foreign.cookies.length, 0)
  }
})

/** Every surface that takes a token; `ask` answers undefined where it was let in, else the code of the refusal. */
const SURFACES: Record<string, (app: FastifyInstance, token: string) => Promise<string | undefined>> = {
  REST: async (app, token) => refusalOf(await caller(app, bearer(token)).get('/api/auth/me')),
  GraphQL: async (app, token) =>
    refusalOf(await caller(app, bearer(token)).post('/graphql', { query: '{ __typename }' })),
  'stream of events': async (app, token) => {
    // Let in, it is refused for its topic: that of a conversation that nobody has.
    const answer = await caller(app, bearer(token)).get(`/api/events?topics=conversation:${NOBODY}`)
    return answer.statusCode === 404 ? undefined : refusalOf(answer)
  },
  'WebSocket, first frame': async (app, token) => {
    const client = await openSocket(urlOf(app))
    const answer = await client.ask({ type: 'auth', token })
    await client.close()
    return answer.type === 'ack' ? undefined : String(answer.code)
  },
  'WebSocket, subprotocol': async (app, token) => {
    const socket = new WebSocket(urlOf(app), ['parley.v1', `bearer.${token}`])
    const found = await new Promise<string | undefined>((resolve) => {
      socket.on('message', (data) => {
        for (const frame of [JSON.parse(String(data)) as { event?: string; type: string; code?: string }[]].flat()) {
          if (frame.event === 'authenticated') resolve(undefined)
          if (frame.type === 'error') resolve(frame.code)
        }
      })
    })
    socket.terminate()
    return found
  },
  'WebSocket, fresh token': async (app, token) => {
    const good = await person(app, 'good')
    const client = await openSocket(urlOf(app), { token: good.token })
    await client.find((frame) => frame.event === 'authenticated')
    const answer = await client.ask({ type: 'auth', token })
    await client.close()
    // A genuine token is of somebody else here: it is understood, and refused for that.
    return answer.code === 'FORBIDDEN' ? undefined : String(answer.code)
  },
}
const NOBODY = '01920b5e-7d3c-7cc0-8f6e-2f1f0d9a4b11'
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })
const urlOf = (app: FastifyInstance) => `ws://127.0.0.1:${(app.server.address() as AddressInfo).port}/ws`
const refusalOf = (answer: { statusCode: number; json: () => unknown }): string | undefined =>
  answer.statusCode < 400 ? undefined : (answer.json() as { code: string }).code

t.test('SECURITY 12: every surface checks a token in the same way', async (t) => {
  const app = await testApp(t)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { sql } = app.db
  const scopes = ['account:read', 'conversations:read', 'graph:read']
  const keyOf = async () => {
    const owner = await person(app)
    const made = await owner.post('/api/auth/api-keys', { name: 'k', scopes })
    return { owner, ...made.json<{ id: string; key: string }>() }
  }
  const disabled = async (id: string) => {
    await sql`update users set disabled_at = now() where id = ${id}`
    await app.sessions.forget(id)
  }
  const rows: [name: string, make: () => Promise<string>, code: string | undefined][] = [
    ['a session', async () => (await person(app)).token, undefined],
    ['an API key', async () => (await keyOf()).key, undefined],
    ['nonsense', async () => 'x.y.z', 'TOKEN_INVALID'],
    ['a refresh token', async () => (await person(app)).refreshToken, 'TOKEN_INVALID'],
    [
      'a session that has ended',
      async () => {
        const ada = await person(app)
        await ada.post('/api/auth/logout')
        return ada.token
      },
      'SESSION_REVOKED',
    ],
    [
      'a session of somebody disabled',
      async () => {
        const ada = await person(app)
        await disabled(ada.id)
        return ada.token
      },
      'ACCOUNT_DISABLED',
    ],
    [
      'an API key of somebody disabled',
      async () => {
        const { owner, key } = await keyOf()
        await disabled(owner.id)
        return key
      },
      'TOKEN_INVALID',
    ],
    [
      'an API key that was revoked',
      async () => {
        const { owner, id, key } = await keyOf()
        await owner.delete(`/api/auth/api-keys/${id}`)
        return key
      },
      'TOKEN_INVALID',
    ],
    [
      'an API key that has expired',
      async () => {
        const { id, key } = await keyOf()
        await sql`update api_keys set expires_at = now() - interval '1 second' where id = ${id}`
        return key
      },
      'TOKEN_INVALID',
    ],
    ['the id of a key with another secret', async () => `${(await keyOf()).key.slice(0, -4)}AAAA`, 'TOKEN_INVALID'],
  ]
  for (const [name, make, code] of rows) {
    for (const [surface, ask] of Object.entries(SURFACES))
      t.equal(await ask(app, await make()), code, `${name}: ${surface}`)
  }
})

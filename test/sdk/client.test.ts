import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { backoff, sleep } from '../../sdk/backoff.ts'
import { retryAfterSeconds } from '../../sdk/errors.ts'
import { allItems } from '../../sdk/http/pages.ts'
import { readEvents } from '../../sdk/http/sse.ts'
import { multipartStream } from '../../sdk/http/upload.ts'
import { createParley, memoryStore, ParleyError, type ParleyOptions } from '../../sdk/index.ts'
import { createStream } from '../../sdk/stream.ts'
import { testApp } from '../helpers/app.ts'

/** The real server, listening, and a maker of clients that counts what they send. */
async function realServer(t: Test) {
  const app = await testApp(t)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  const sent: { method: string; path: string; headers: Headers }[] = []
  const counting: typeof fetch = (input, init) => {
    sent.push({
      method: init?.method ?? 'GET',
      path: new URL(String(input)).pathname,
      headers: new Headers(init?.headers),
    })
    return fetch(input, init)
  }
  const client = (options: Partial<ParleyOptions> = {}) => createParley({ url, WebSocket, fetch: counting, ...options })
  return { url, sent, client }
}

const account = (name = 'Ada') => ({
  name,
  email: `${name}-${crypto.randomUUID()}@example.org`.toLowerCase(),
  password: 'a long enough one',
})

t.test('accounts: sign up, sign in, who am I, sign out', async (t) => {
  const { client, sent } = await realServer(t)
  const parley = client()
  const ada = account()
  const answer = await parley.auth.register(ada)
  if (answer.status !== 'signed_in') throw new Error('nobody is signed in')
  const { user } = answer
  t.match(user, { email: ada.email, name: 'Ada', role: 'user', tier: 'free' })
  t.match(await parley.auth.me(), { id: user.id })
  t.match(sent[0]?.headers.get('idempotency-key'), /^[0-9a-f-]{36}$/, 'every POST carries a key')
  t.notOk(sent[0]?.headers.has('authorization'))

  await t.rejects(client().auth.register(ada), {
    name: 'ParleyError',
    code: 'EMAIL_TAKEN',
    status: 409,
    requestId: /./,
  })
  await t.rejects(client().auth.login({ ...ada, password: 'wrong' }), {
    code: 'VALIDATION_FAILED',
    status: 400,
    errors: [{ path: /name/, message: /./ }],
  })
  await t.rejects(client().auth.login({ email: ada.email, password: 'wrong' }), {
    code: 'INVALID_CREDENTIALS',
    status: 401,
  })

  const ended = new Promise((resolve) => parley.session.on('ended', resolve))
  await parley.auth.logout()
  t.same(await ended, { reason: 'logout' })
  t.equal(parley.session.current(), null)
  await t.rejects(parley.auth.me(), { code: 'UNAUTHENTICATED', status: 401 })
})

t.test('tokens: one refresh however many requests wait, a refused one ends the session', async (t) => {
  const { client, sent } = await realServer(t)
  const store = memoryStore()
  const parley = client({ store })
  await parley.auth.register(account())
  const tokens = store.get()
  t.ok(tokens)
  store.set({ ...tokens!, expiresAt: Date.now() - 1 })
  sent.length = 0
  await Promise.all(Array.from({ length: 20 }, () => parley.auth.me()))
  t.equal(sent.filter(({ path }) => path === '/api/auth/refresh').length, 1, 'the clock said it was over: one refresh')
  t.not(store.get()?.refreshToken, tokens?.refreshToken)

  store.set({ ...store.get()!, accessToken: 'forged.access.token' })
  sent.length = 0
  await Promise.all(Array.from({ length: 5 }, () => parley.auth.me()))
  t.equal(
    sent.filter(({ path }) => path === '/api/auth/refresh').length,
    1,
    'the server said it was: one refresh, all tried again',
  )

  const other = client({ store: memoryStore({ accessToken: 'x', refreshToken: 'y', expiresAt: 0 }) })
  const ended = new Promise((resolve) => other.session.on('ended', resolve))
  await t.rejects(other.auth.me(), { code: 'TOKEN_INVALID' })
  t.same(await ended, { reason: 'expired' })
})

t.test('tokens: two clients on one store take turns, as the tabs of a browser do', async (t) => {
  const { client, sent } = await realServer(t)
  let turn: Promise<unknown> = Promise.resolve()
  const store = {
    ...memoryStore(),
    exclusive<T>(task: () => Promise<T>): Promise<T> {
      const next = turn.then(task, task)
      turn = next.catch(() => undefined)
      return next
    },
  }
  const [one, two] = [client({ store }), client({ store })]
  await one.auth.register(account())
  store.set({ ...store.get()!, expiresAt: 0 })
  sent.length = 0
  await Promise.all([one.auth.me(), two.auth.me(), one.auth.me(), two.auth.me()])
  t.equal(sent.filter(({ path }) => path === '/api/auth/refresh').length, 1)
})

t.test('failures: network, time-out, retries, foreign answers', async (t) => {
  const answers: (() => Promise<Response>)[] = []
  const seen: Headers[] = []
  const parley = createParley({
    url: 'http://unreachable.invalid/',
    timeoutMs: 20,
    fetch: (_input, init) => {
      seen.push(new Headers(init?.headers))
      const next = answers.shift()
      if (next) return next()
      return new Promise((_resolve, reject) => {
        const abort = () => reject(new Error('aborted'))
        if (init?.signal?.aborted) abort()
        else init?.signal?.addEventListener('abort', abort)
      })
    },
  })
  const fails = () => Promise.reject(new TypeError('fetch failed'))
  const busy = () =>
    Promise.resolve(
      Response.json({ code: 'OVERLOADED', detail: 'busy' }, { status: 503, headers: { 'retry-after': '0' } }),
    )
  const running = () => Promise.resolve(Response.json({ code: 'IDEMPOTENCY_IN_PROGRESS' }, { status: 409 }))
  const fine = () => Promise.resolve(Response.json({ id: 'c' }, { status: 201 }))

  answers.push(fails, running, fine)
  t.same(await parley.conversations.create({ title: 'x' }), { id: 'c' })
  t.equal(new Set(seen.map((headers) => headers.get('idempotency-key'))).size, 1, 'the same key on every try')

  answers.push(busy, busy, busy, busy)
  await t.rejects(parley.conversations.get('c'), { code: 'OVERLOADED', status: 503, retryAfter: 0 })
  answers.push(fails)
  await t.rejects(parley.http.json('GET', '/api/x', { retries: 0 }), { code: 'NETWORK', status: 0 })
  await t.rejects(parley.http.json('GET', '/api/x'), { code: 'TIMEOUT' })
  answers.push(() => Promise.resolve(new Response('<html>', { headers: { 'content-type': 'text/html' } })))
  await t.rejects(parley.http.json('GET', '/api/x'), { code: 'BAD_ANSWER', status: 200 })
  answers.push(() => Promise.resolve(new Response('<html>', { status: 418 })))
  await t.rejects(parley.http.json('GET', '/api/x'), { code: 'BAD_ANSWER', status: 418 })
  const stop = new AbortController()
  const stopped = parley.http.json('GET', '/api/x', { signal: stop.signal })
  stop.abort(new Error('enough'))
  await t.rejects(stopped, { message: 'aborted' })
})

t.test('small parts', async (t) => {
  t.equal(retryAfterSeconds('7'), 7)
  t.equal(retryAfterSeconds('Fri, 20 Nov 2026 10:00:10 GMT', Date.parse('2026-11-20T10:00:00Z')), 10)
  t.equal(retryAfterSeconds('soon'), undefined)
  t.equal(retryAfterSeconds(null), undefined)
  t.same(
    [0, 1, 5, 50].map((attempt) => backoff(attempt, { random: () => 1 })),
    [500, 1000, 16_000, 20_000],
  )
  t.equal(backoff(3, { random: () => 0 }), 0)
  await t.rejects(sleep(10_000, AbortSignal.abort(new Error('no'))), { message: 'no' })

  const pages: Record<string, { items: number[]; nextCursor: string | null }> = {
    first: { items: [1, 2], nextCursor: 'b' },
    b: { items: [3], nextCursor: null },
  }
  const all: number[] = []
  for await (const item of allItems(async (cursor) => pages[cursor ?? 'first']!)) all.push(item)
  t.same(all, [1, 2, 3])

  const chunks = [
    'event: de',
    'lta\r',
    '\ndata: {"a":1}\n\n:heartbeat\n',
    '\nid: 7\ndata: x\ndata:  y\r\r',
    'data: unfinished',
  ]
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(encoder.encode(chunk))
      controller.close()
    },
  })
  const events = []
  for await (const event of readEvents(body)) events.push(event)
  t.same(events, [
    { event: 'delta', data: '{"a":1}', id: undefined },
    { event: 'message', data: 'x\n y', id: '7' },
  ])

  const progress: number[] = []
  const data = new Blob(['a'.repeat(200_000)], { type: 'text/plain' })
  const form = multipartStream({ name: 'a "b"\r\n.txt', data }, ({ sent, total }) => progress.push(sent / total))
  const parsed = await new Response(form.stream, { headers: { 'content-type': form.contentType } }).formData()
  const file = parsed.get('file') as File
  t.equal(file.size, 200_000)
  t.equal(file.name, 'a "b"\r\n.txt')
  t.equal(progress.at(-1), 1)

  const stream = createStream<number>(() => undefined)
  stream.push(1)
  const waiting = [stream.next(), stream.next()]
  stream.push(2)
  t.same(await Promise.all(waiting), [
    { value: 1, done: false },
    { value: 2, done: false },
  ])
  stream.fail(new ParleyError({ code: 'CLOSED', message: 'over' }))
  await t.rejects(stream.next(), { code: 'CLOSED' })
  const left = createStream<number>()
  left.push(1)
  for await (const _ of left) break
  t.same(await left.next(), { value: undefined, done: true })
})

import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { createParley, memoryStore, type ParleyOptions } from '../../sdk/index.ts'
import { PASSWORD, testApp } from '../helpers/app.ts'

/** What becomes of one request on its way: it never arrives, its answer is lost, or somebody in front of the server answers. */
type Fault = 'fine' | 'unsent' | 'lost' | Response
type Sent = { call: string; key: string | null }

const lost = () => new TypeError('the connection was reset')
const refused = (status: number, retryAfter?: string) =>
  new Response(null, { status, headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter } })

/** The real server behind a road on which requests and answers get lost as the test says. */
async function world(t: Test, env: Record<string, string> = {}) {
  const app = await testApp(t, { env })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const url = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`
  const sent: Sent[] = []
  const faults: Fault[] = []
  const road: typeof fetch = async (input, init) => {
    sent.push({
      call: `${init?.method} ${new URL(String(input)).pathname}`,
      key: new Headers(init?.headers).get('idempotency-key'),
    })
    const fault = faults.shift()
    if (fault === 'unsent') throw lost()
    if (fault instanceof Response) return fault
    const answer = await fetch(input, init)
    if (fault !== 'lost') return answer
    await answer.body?.cancel()
    throw lost()
  }
  const client = (options: Partial<ParleyOptions> = {}) => {
    const parley = createParley({ url, WebSocket, fetch: road, ...options })
    t.teardown(parley.close)
    return parley
  }
  const parley = client()
  await parley.auth.register({ email: `ada-${crypto.randomUUID()}@example.org`, password: PASSWORD, name: 'Ada' })
  /** Runs a request on a road with these faults; answers what was sent for it. */
  const through = async (given: Fault[], request: () => Promise<unknown>) => {
    sent.length = 0
    faults.splice(0, faults.length, ...given)
    const outcome = await request().then(
      (value) => ({ value, error: undefined }),
      (error: { code: string }) => ({ value: undefined, error: error.code }),
    )
    return { ...outcome, sent: [...sent] }
  }
  return { url, parley, client, through }
}

t.test('a POST whose answer was lost is done once, however often it is sent', async (t) => {
  const { parley, through } = await world(t)
  const made = await through(['lost', 'unsent', 'lost'], () => parley.conversations.create({ title: 'Once' }))
  t.match(made.value, { title: 'Once' })
  t.equal(made.sent.length, 4)
  t.equal(new Set(made.sent.map(({ key }) => key)).size, 1, 'with one key')
  const { items } = await parley.conversations.list()
  t.same(
    items.map(({ title }) => title),
    ['Once'],
  )
})

t.test('what is tried again, and what is not', async (t) => {
  const { parley, through } = await world(t)
  const { id } = await parley.conversations.create({ title: 'Before', assistant: 'off' })
  const { etag } = await parley.conversations.get(id)
  const message = await parley.conversations.post(id, { content: 'one' })
  const read = () => parley.rest.getConversation({ path: { id } })
  const rename = () => parley.conversations.update(id, etag as string, { title: 'After' })
  const edit = () => parley.rest.editMessage({ path: { id: message.id }, body: { content: 'two' } })
  const rows: [name: string, faults: Fault[], request: () => Promise<unknown>, sent: number, error?: string][] = [
    ['a read that never arrived', ['unsent'], read, 2],
    ['a read whose answer was lost', ['lost', 'lost'], read, 3],
    ['a read that a proxy gave up', [refused(502), refused(504)], read, 3],
    ['a refusal with a date', [refused(503, new Date(Date.now() - 1000).toUTCString())], read, 2],
    ['a refusal without a word', [refused(429)], read, 2],
    ['four failures are enough', ['unsent', 'unsent', 'unsent', 'unsent'], read, 4, 'NETWORK'],
    ['a wait that is too long', [refused(429, '21')], read, 1, 'BAD_ANSWER'],
    ['what is wrong stays wrong', [refused(500)], read, 1, 'BAD_ANSWER'],
    ['a change whose answer was lost', ['lost'], edit, 1, 'NETWORK'],
    ['a change that was refused', [refused(503, '0')], edit, 2],
    ['a change with If-Match whose answer was lost', ['lost'], rename, 1, 'NETWORK'],
    [
      'never, if the caller says so',
      ['unsent'],
      () => parley.http.json('GET', '/api/jobs', { retries: 0 }),
      1,
      'NETWORK',
    ],
    [
      'sign-ins do not wait for their limit',
      [refused(429, '3')],
      () => parley.auth.forgotPassword('a@b.org'),
      1,
      'BAD_ANSWER',
    ],
  ]
  for (const [name, faults, request, count, error] of rows) {
    const outcome = await through(faults, request)
    t.equal(outcome.sent.length, count, name)
    t.equal(outcome.error, error, name)
  }
  const stop = new AbortController()
  const stopped = through([refused(429, '20')], () => {
    const waiting = parley.rest.getConversation({ path: { id }, signal: stop.signal })
    stop.abort(Object.assign(new Error('left'), { code: 'LEFT' }))
    return waiting
  })
  t.match(await stopped, { error: 'LEFT' }, 'who leaves does not wait')
})

t.test('the limit of the real server is waited out', async (t) => {
  const { parley, through } = await world(t, { RATE_LIMIT_WRITE: '2/2' })
  const all = await through([], () =>
    Promise.all([1, 2, 3].map((number) => parley.conversations.create({ title: `${number}` }))),
  )
  t.equal(all.error, undefined)
  t.ok(all.sent.length > 3, `${all.sent.length} requests for three conversations: one was refused, and came again`)
  t.equal((await parley.conversations.list()).items.length, 3)
})

t.test('a token that ended meanwhile is exchanged within the same request', async (t) => {
  const { parley, client, through } = await world(t)
  const store = memoryStore({ ...parley.session.current()!, accessToken: 'forged.access.token' })
  const other = client({ store })
  const outcome = await through(['unsent'], () => other.auth.me())
  t.same(
    outcome.sent.map(({ call }) => call),
    ['GET /api/auth/me', 'GET /api/auth/me', 'POST /api/auth/refresh', 'GET /api/auth/me'],
  )
  t.match(outcome.value, { name: 'Ada' })
})

t.test('a reply that was given long ago is found over a bad road', async (t) => {
  const { parley, client, through } = await world(t)
  const { id } = await parley.conversations.create({ title: 'Asked' })
  const question = { conversationId: id, content: 'What is here?', clientId: 'q-1' }
  const first = await parley.ask(question).done
  const other = client({ store: memoryStore(parley.session.current()) })
  // The list of messages, and then the reply itself, more often than other requests are tried.
  const bad: Fault[] = ['lost', 'fine', 'unsent', refused(503, '0'), 'lost', 'unsent']
  const outcome = await through(bad, () => other.ask(question).done)
  t.match(outcome, { error: undefined, value: { id: first.id, status: 'complete' } })
  const asked = outcome.sent.filter(({ call }) => call === `GET /api/messages/${first.id}`)
  t.equal(asked.length, 5, 'asked until it was told')
})

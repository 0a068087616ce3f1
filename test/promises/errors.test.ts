import { connect } from 'node:net'
import t from 'tap'
import { ERRORS } from '../../src/contracts/errors.ts'
import { toProblem } from '../../src/http/to-problem.ts'
import { caller, person, testApp } from '../helpers/app.ts'

const SHAPE = {
  type: String,
  title: String,
  status: Number,
  detail: String,
  instance: String,
  code: String,
  requestId: String,
}

t.test('whatever goes wrong, the answer is a problem with a stable code', async (t) => {
  const app = await testApp(t)
  const ada = await person(app)
  const json = { 'content-type': 'application/json' }
  const raw = (payload: string | Buffer, headers: Record<string, string> = json) =>
    app.inject({ method: 'POST', url: '/api/workspaces', payload, headers: { ...ada.headers, ...headers } })
  const scenarios: [
    name: string,
    answer: Promise<{ statusCode: number; json: () => unknown; headers: object; body: string }>,
    status: number,
    code: string,
  ][] = [
    ['malformed JSON', raw('{"name":'), 400, 'BAD_REQUEST'],
    ['invalid UTF-8', raw(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x7d])), 400, 'BAD_REQUEST'],
    ['a NUL in a text', raw('{"name":"a\\u0000b"}'), 400, 'BAD_REQUEST'],
    ['half a surrogate pair', raw('{"name":"a\\ud800b"}'), 400, 'BAD_REQUEST'],
    ['a prototype key', raw('{"name":"a","__proto__":{"x":1}}'), 400, 'BAD_REQUEST'],
    ['a constructor key', raw('{"name":"a","constructor":{"prototype":{"x":1}}}'), 400, 'BAD_REQUEST'],
    ['1,000 levels', raw(`{"name":${'['.repeat(1000)}${']'.repeat(1000)}}`), 400, 'VALIDATION_FAILED'],
    ['a number too large', raw('{"name":1e400}'), 400, 'VALIDATION_FAILED'],
    ['an unknown property', raw('{"name":"a","role":"owner"}'), 400, 'VALIDATION_FAILED'],
    ['null for a text', raw('{"name":null}'), 400, 'VALIDATION_FAILED'],
    ['an array', raw('[]'), 400, 'VALIDATION_FAILED'],
    ['nothing', raw(''), 400, 'VALIDATION_FAILED'],
    ['2 MiB', raw(`{"name":"${'x'.repeat(2 * 1024 * 1024)}"}`), 413, 'PAYLOAD_TOO_LARGE'],
    ['a form', raw('name=a', { 'content-type': 'application/x-www-form-urlencoded' }), 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['plain text', raw('name', { 'content-type': 'text/plain' }), 415, 'UNSUPPORTED_MEDIA_TYPE'],
    [
      'another charset',
      raw('{"name":"a"}', { 'content-type': 'application/json; charset=latin1' }),
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['an unknown route', ada.get('/api/nowhere'), 404, 'ROUTE_NOT_FOUND'],
    ['an unknown method', ada.put('/api/workspaces', {}), 405, 'METHOD_NOT_ALLOWED'],
    ['a NUL in the path', ada.get('/api/workspaces/%00'), 400, 'VALIDATION_FAILED'],
    ['a broken escape', ada.get('/api/workspaces/%zz'), 400, 'BAD_REQUEST'],
    ['a URL of 9 KiB', ada.get(`/api/workspaces?cursor=${'x'.repeat(9 * 1024)}`), 414, 'URI_TOO_LONG'],
    ['a limit of 1e9', ada.get('/api/workspaces?limit=1000000000'), 400, 'VALIDATION_FAILED'],
    ['a parameter twice', ada.get('/api/workspaces?limit=1&limit=2'), 400, 'VALIDATION_FAILED'],
    ['an unknown parameter', ada.get('/api/workspaces?sort=name'), 400, 'VALIDATION_FAILED'],
    ['a cursor of another list', ada.get('/api/workspaces?cursor=WzFd'), 400, 'INVALID_CURSOR'],
    ['no token', caller(app).get('/api/workspaces'), 401, 'UNAUTHENTICATED'],
  ]
  for (const [name, pending, status, code] of scenarios) {
    const answer = await pending
    t.equal(answer.statusCode, status, name)
    t.match(answer.json(), { ...SHAPE, status, code }, name)
    t.match(
      answer.headers,
      { 'content-type': /^application\/problem\+json/, 'x-request-id': String, 'cache-control': 'no-store' },
      name,
    )
    t.notMatch(answer.body, /node_modules|at .*\.ts|select |insert /i, `${name}: nothing of the inside leaks`)
  }
  t.equal((await ada.put('/api/workspaces', {})).headers.allow, 'GET, HEAD, POST, OPTIONS')
  t.equal(({} as { x?: unknown }).x, undefined, 'Object.prototype is clean')
})

t.test('a fault of our own is a plain 500, and the server lives', async (t) => {
  const lines: Record<string, unknown>[] = []
  const app = await testApp(t, { onLog: (line) => lines.push(line) })
  const ada = await person(app)
  await app.db.sql`alter table workspaces rename to elsewhere`
  const answer = await ada.get('/api/workspaces')
  t.equal(answer.statusCode, 500)
  t.match(answer.json(), { code: 'INTERNAL', detail: ERRORS.INTERNAL.title })
  t.notMatch(answer.body, /relation|select|42P01/, 'no SQL in the answer')
  await app.db.sql`alter table elsewhere rename to workspaces`
  t.equal((await ada.get('/api/workspaces')).statusCode, 200)
  const logged = lines.find((line) => line.msg === 'request failed')
  t.equal(
    logged?.requestId,
    answer.json<{ requestId: string }>().requestId,
    'the cause is in the log, under the same request id',
  )
  t.notMatch(JSON.stringify(lines), ada.token, 'no token in the log')
  t.notMatch(JSON.stringify(lines), /correct horse/, 'no password in the log')
})

t.test('request ids', async (t) => {
  const app = await testApp(t)
  const nobody = caller(app)
  t.equal(
    (await nobody.get('/health/live', { 'x-request-id': 'abc-123' })).headers['x-request-id'],
    'abc-123',
    'taken over',
  )
  for (const bad of ['a b', 'x'.repeat(200), 'a"b']) {
    t.not((await nobody.get('/health/live', { 'x-request-id': bad })).headers['x-request-id'], bad, 'not taken over')
  }
})

t.test('what the HTTP parser refuses is a problem too', async (t) => {
  const app = await testApp(t)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const address = app.server.address() as { port: number }
  const send = (text: string) =>
    new Promise<string>((resolve, reject) => {
      let answer = ''
      const socket = connect(address.port, '127.0.0.1', () => socket.write(text))
      socket.on('data', (chunk) => {
        answer += chunk
      })
      socket.on('close', () => resolve(answer))
      socket.on('error', reject)
    })
  const scenarios: [string, string, RegExp][] = [
    [
      'headers of 20 KiB',
      `GET /health/live HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`,
      /^HTTP\/1.1 431 /,
    ],
    ['no HTTP at all', 'hello\r\n\r\n', /^HTTP\/1.1 400 /],
    [
      'length and chunks',
      'POST /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      /^HTTP\/1.1 400 /,
    ],
    [
      'two lengths',
      'POST /api/auth/login HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello',
      /^HTTP\/1.1 400 /,
    ],
  ]
  for (const [name, text, expected] of scenarios) {
    const answer = await send(text)
    t.match(answer, expected, name)
    t.match(answer, /application\/problem\+json[\s\S]*"code":"/, name)
  }
})

t.test('what the database and the network throw has its code, whether the driver or drizzle tells it', async (t) => {
  const rows: [code: string, expected: string, retryAfter?: number][] = [
    ['22021', 'BAD_REQUEST'],
    ['22P05', 'BAD_REQUEST'],
    ['23503', 'UNPROCESSABLE'],
    ['23505', 'CONFLICT'],
    ['40001', 'OVERLOADED', 1],
    ['40P01', 'OVERLOADED', 1],
    ['55P03', 'OVERLOADED', 1],
    ['57014', 'OVERLOADED', 1],
    ['08006', 'DEPENDENCY_UNAVAILABLE', 2],
    ['25006', 'DEPENDENCY_UNAVAILABLE', 2],
    ['53300', 'DEPENDENCY_UNAVAILABLE', 2],
    ['57P01', 'DEPENDENCY_UNAVAILABLE', 2],
    ['58030', 'DEPENDENCY_UNAVAILABLE', 2],
    ['CONNECTION_CLOSED', 'DEPENDENCY_UNAVAILABLE', 2],
    ['CONNECT_TIMEOUT', 'DEPENDENCY_UNAVAILABLE', 2],
    ['EAI_AGAIN', 'DEPENDENCY_UNAVAILABLE', 2],
    ['ECONNREFUSED', 'DEPENDENCY_UNAVAILABLE', 2],
    ['EHOSTUNREACH', 'DEPENDENCY_UNAVAILABLE', 2],
    ['ENETUNREACH', 'DEPENDENCY_UNAVAILABLE', 2],
    ['ENOTFOUND', 'DEPENDENCY_UNAVAILABLE', 2],
    ['EPIPE', 'DEPENDENCY_UNAVAILABLE', 2],
    ['ERR_STREAM_DESTROYED', 'DEPENDENCY_UNAVAILABLE', 2],
    ['ETIMEDOUT', 'DEPENDENCY_UNAVAILABLE', 2],
    ['42P01', 'INTERNAL'],
    ['ENOENT', 'INTERNAL'],
  ]
  for (const [code, expected, retryAfter] of rows) {
    const fromDriver = Object.assign(new Error('as the driver says it'), { code })
    for (const error of [fromDriver, new Error('Failed query', { cause: fromDriver })]) {
      const told = toProblem(error)
      t.match(told, { code: expected, cause: error }, `${code} is ${expected}`)
      t.equal(told.retryAfter, retryAfter, `${code}: seconds to wait`)
    }
  }
})

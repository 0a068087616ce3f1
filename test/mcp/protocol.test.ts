import { createHmac } from 'node:crypto'
import t from 'tap'
import { agent, mcpUrl } from '../helpers/agent.ts'
import { caller, person, testApp } from '../helpers/app.ts'

/** A request of JSON-RPC. */
const rpc = (method: string, params?: object, id: string | number = 1) => ({
  jsonrpc: '2.0',
  id,
  method,
  ...(params && { params }),
})
const initialize = (protocolVersion: string) =>
  rpc('initialize', { protocolVersion, capabilities: {}, clientInfo: { name: 'test', version: '1' } })

t.test('the life of a client: initialize, initialized, tools, ping', async (t) => {
  const app = await testApp(t)
  const ada = await person(app)
  const { client } = await agent(t, await mcpUrl(app), ada.token)
  t.match(client.getServerVersion(), { name: 'parley', version: /^\d+\.\d+\.\d+/ })
  t.match(client.getInstructions(), /search/)
  t.same(client.getServerCapabilities(), { tools: {} })
  t.same(await client.ping(), {})
  await t.rejects(client.listResources(), { code: -32601 }, 'tools are all there is')
})

t.test('without sessions: each message by itself', async (t) => {
  const app = await testApp(t)
  const ada = await person(app)
  for (const version of ['2025-03-26', '2025-06-18', '2025-11-25']) {
    const answer = await ada.post('/mcp', initialize(version))
    t.equal(answer.statusCode, 200)
    t.match(answer.headers, { 'content-type': /^application\/json/, 'cache-control': 'private, no-store' })
    t.notOk(answer.headers['mcp-session-id'], 'no session')
    t.match(answer.json(), { jsonrpc: '2.0', id: 1, result: { protocolVersion: version } })
  }
  t.match(
    (await ada.post('/mcp', initialize('1999-01-01'))).json(),
    { result: { protocolVersion: /^20/ } },
    'another is offered',
  )
  t.match((await ada.post('/mcp', rpc('tools/list', undefined, 'x'))).json(), {
    id: 'x',
    result: { tools: [{ name: 'search' }] },
  })
  for (const message of [
    { jsonrpc: '2.0', method: 'notifications/initialized' },
    { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } },
    { jsonrpc: '2.0', id: 4, result: {} },
  ]) {
    const answer = await ada.post('/mcp', message)
    t.equal(answer.statusCode, 202, JSON.stringify(message))
    t.equal(answer.body, '')
  }
  t.match((await ada.post('/mcp', rpc('no/such'))).json(), { id: 1, error: { code: -32601 } })
  t.match((await ada.post('/mcp', rpc('resources/list'))).json(), { error: { code: -32601 } })
  t.match((await ada.post('/mcp', rpc('tools/call', { name: 'drop_tables' }))).json(), {
    error: { code: -32602, message: /drop_tables/ },
  })
  t.match((await ada.post('/mcp', rpc('tools/call', {}))).json(), { error: { code: Number } })
  const task = rpc('tools/call', { name: 'list_workspaces', task: { ttl: 1000 } })
  t.match((await ada.post('/mcp', task)).json(), { error: { code: Number } }, 'tasks are not spoken')
  const many = await Promise.all(
    Array.from({ length: 20 }, (_, id) => ada.post('/mcp', rpc('tools/call', { name: 'list_workspaces' }, id))),
  )
  t.same(
    many.map((answer) => answer.json<{ id: number }>().id),
    [...many.keys()],
    'each gets its own answer',
  )
})

t.test('what is not a message of the protocol gets a problem, as everywhere', async (t) => {
  const app = await testApp(t)
  const ada = await person(app)
  const key = (await ada.post('/api/auth/api-keys', { name: 'k', scopes: ['jobs:read'] })).json<{ key: string }>().key
  const list = rpc('tools/list')
  const json = { 'content-type': 'application/json' }
  const rows: [name: string, body: unknown, headers: Record<string, string>, status: number, code: string][] = [
    ['a batch', [list, list], {}, 400, 'VALIDATION_FAILED'],
    ['no JSON-RPC', { hello: 1 }, {}, 400, 'VALIDATION_FAILED'],
    ['JSON-RPC 1', { id: 1, method: 'ping' }, {}, 400, 'VALIDATION_FAILED'],
    ['an id that is none', { ...list, id: null }, {}, 400, 'VALIDATION_FAILED'],
    ['more than a request has', { ...list, more: 1 }, {}, 400, 'BAD_REQUEST'],
    ['parameters that are none', { ...list, params: { _meta: 5 } }, {}, 400, 'BAD_REQUEST'],
    ['broken JSON', '{"jsonrpc"', json, 400, 'BAD_REQUEST'],
    ['a NUL', rpc('tools/call', { name: 'search', arguments: { q: 'x\u0000' } }), {}, 400, 'BAD_REQUEST'],
    ['a form', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['too much', { ...list, params: { _: 'x'.repeat(2 ** 20) } }, {}, 413, 'PAYLOAD_TOO_LARGE'],
    ['a version that is not spoken', list, { 'mcp-protocol-version': '1999-01-01' }, 400, 'BAD_REQUEST'],
    ['nothing acceptable', list, { accept: 'text/html' }, 406, 'NOT_ACCEPTABLE'],
    ['a page of another origin', list, { origin: 'https://evil.example' }, 403, 'ORIGIN_NOT_ALLOWED'],
    [
      'a page whose name was made to lead here',
      list,
      { origin: 'http://evil.example', host: 'evil.example' },
      403,
      'ORIGIN_NOT_ALLOWED',
    ],
    ['a sandboxed page', list, { origin: 'null' }, 403, 'ORIGIN_NOT_ALLOWED'],
  ]
  for (const [name, body, headers, status, code] of rows) {
    const answer = await ada.post('/mcp', body, headers)
    t.match(answer.json(), { status, code }, name)
    t.match(answer.headers['content-type'], 'application/problem+json', name)
  }
  const fine: Record<string, string>[] = [
    { 'mcp-protocol-version': '2025-06-18' },
    { accept: 'application/json, text/event-stream' },
    { accept: '*/*' },
    ...['localhost:3000', '127.0.0.1', '[::1]:3000'].map((host) => ({ origin: `http://${host}`, host })),
  ]
  for (const headers of fine) t.equal((await ada.post('/mcp', list, headers)).statusCode, 200, JSON.stringify(headers))
  for (const answer of [
    await ada.get('/mcp'),
    await ada.get('/mcp', { accept: 'text/event-stream' }),
    await ada.delete('/mcp'),
  ]) {
    t.match(answer.json(), { status: 405, code: 'METHOD_NOT_ALLOWED' })
    t.equal(answer.headers.allow, 'POST, OPTIONS')
  }
  const empty = await caller(app, { authorization: `Bearer ${key}` }).post('/mcp', list)
  t.same(empty.json<{ result: object }>().result, { tools: [] }, 'a key that no tool is for')
})

t.test('SECURITY 12: the same tokens as everywhere, and a challenge where one is missing', async (t) => {
  const app = await testApp(t)
  const ada = await person(app)
  const [header, claims = ''] = ada.token.split('.')
  const expired = () => {
    const payload = { ...JSON.parse(Buffer.from(claims, 'base64url').toString()), iat: 1, exp: 2 }
    const body = `${header}.${Buffer.from(JSON.stringify(payload)).toString('base64url')}`
    return `${body}.${createHmac('sha256', app.config.JWT_SECRET as string)
      .update(body)
      .digest('base64url')}`
  }
  const rows: [name: string, authorization: string | undefined, code: string][] = [
    ['nobody', undefined, 'UNAUTHENTICATED'],
    ['another scheme', 'Basic abc', 'UNAUTHENTICATED'],
    ['a forged token', 'Bearer x.y.z', 'TOKEN_INVALID'],
    ['an expired token', `Bearer ${expired()}`, 'TOKEN_EXPIRED'],
    ['a refresh token', `Bearer ${ada.refreshToken}`, 'TOKEN_INVALID'],
    ['an unknown API key', `Bearer prl_${'a'.repeat(43)}`, 'TOKEN_INVALID'],
  ]
  const as = (authorization: string | undefined) => caller(app, authorization === undefined ? {} : { authorization })
  for (const [name, authorization, code] of rows) {
    const answer = await as(authorization).post('/mcp', rpc('tools/list'))
    t.match(answer.json(), { status: 401, code }, name)
    t.match(answer.headers['www-authenticate'], /^Bearer/, name)
  }
  t.equal((await ada.post('/api/auth/logout')).statusCode, 204)
  const out = await ada.post('/mcp', rpc('tools/list'))
  t.match(out.json(), { status: 401, code: 'SESSION_REVOKED' }, 'signed out')
  t.match(out.headers['www-authenticate'], /^Bearer/)
})

t.test('the budget of the route', async (t) => {
  const app = await testApp(t, { env: { RATE_LIMIT_READ: '2/60' } })
  const ada = await person(app)
  const statuses = []
  for (let count = 0; count < 3; count += 1) statuses.push((await ada.post('/mcp', rpc('ping'))).statusCode)
  t.same(statuses, [200, 200, 429])
  const refused = await ada.post('/mcp', rpc('ping'))
  t.match(refused.headers, { 'retry-after': /^\d+$/, 'ratelimit-policy': '"read";q=2;w=60' })
})

t.test('the same call again with an Idempotency-Key is the same answer', async (t) => {
  const app = await testApp(t)
  const ada = await person(app)
  const room = (await ada.post('/api/conversations', { assistant: 'off' })).json<{ id: string }>().id
  const call = rpc('tools/call', { name: 'send_message', arguments: { conversationId: room, content: 'once' } })
  const [first, again] = [
    await ada.post('/mcp', call, { 'idempotency-key': 'k' }),
    await ada.post('/mcp', call, { 'idempotency-key': 'k' }),
  ]
  t.equal(again.body, first.body)
  t.equal(again.headers['idempotency-replayed'], 'true')
  const { items } = (await ada.get(`/api/conversations/${room}/messages`)).json<{ items: unknown[] }>()
  t.equal(items.length, 1)
})

import type { AddressInfo } from 'node:net'
import type { FastifyInstance } from 'fastify'
import t from 'tap'
import type { TopicKind } from '../../src/contracts/events.ts'
import { CLIENT_FRAMES, FRAME_DECLARATIONS, TOPIC_DECLARATIONS } from '../../src/contracts/frames.ts'
import { SERVER_POLICY } from '../../src/contracts/policy.ts'
import { newId } from '../../src/lib/ids.ts'
import { agent, argumentsFor, mcpUrl } from '../helpers/agent.ts'
import { caller, person, testApp } from '../helpers/app.ts'
import { type Operation, operationsOf, type Request, requestFor, sample, send } from '../helpers/operations.ts'
import { openSocket } from '../helpers/socket-client.ts'
import { makeThings, SPECIAL, type Things } from '../helpers/things.ts'

const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g
const asIs = (schema: object) => schema as never

/** The same things with ids that nobody has. */
function missing(things: Things): Things {
  const ids = new Map<string, string>()
  const other = (id: string) => {
    if (!ids.has(id)) ids.set(id, newId())
    return ids.get(id) as string
  }
  return JSON.parse(JSON.stringify(things).replaceAll(UUID, other)) as Things
}

const idsOf = (things: Things) => new Set(JSON.stringify(things).match(UUID) ?? [])

/** Whether a request names one of the things. */
function names({ url, headers, payload }: Request, ids: Set<string>): boolean {
  const metadata = (headers['upload-metadata'] ?? '')
    .split(/[ ,]/)
    .map((part) => Buffer.from(part, 'base64').toString())
  const body = Buffer.isBuffer(payload) ? payload.toString('latin1') : JSON.stringify(payload ?? {})
  return [...`${url} ${body} ${metadata.join(' ')}`.matchAll(UUID)].some(([id]) => ids.has(id))
}

// Members are made for the role matrix; here the ids of the things themselves do.
const WITHOUT_SPECIAL = /Member$|Invitation$|^restore|^leave|ServiceAccount/

async function requestOf(app: FastifyInstance, operation: Operation, resolve: never, things: Things): Promise<Request> {
  const request = requestFor(operation, resolve, things)
  const special = WITHOUT_SPECIAL.test(operation.id)
    ? {}
    : ((await SPECIAL[operation.id]?.(app, things, request)) ?? {})
  return { ...request, ...special, headers: { ...request.headers, ...special.headers } }
}

/** What an answer tells, without what differs by nature. */
const told = (answer: { body: string; headers: object }) => ({
  ...(answer.body === '' ? {} : (JSON.parse(answer.body) as object)),
  instance: '',
  requestId: '',
})
const withoutIds = (value: object) => JSON.stringify(value).replaceAll(UUID, '<id>')

t.test('SECURITY 30, 34: whatever names a record, asked by a stranger, answers as if it did not exist', async (t) => {
  const app = await testApp(t)
  const [ada, eve] = [await person(app), await person(app, 'eve')]
  const things = await makeThings(app, ada)
  const nowhere = missing(things)
  const foreign = idsOf(things)
  const { operations, resolve } = await operationsOf(app)
  let walked = 0
  for (const operation of operations.filter(({ isPublic, needs }) => !isPublic && !(needs && needs in SERVER_POLICY))) {
    const request = await requestOf(app, operation, resolve as never, things)
    if (!names(request, foreign)) continue
    walked += 1
    const answer = await send(app, request, eve)
    t.ok([403, 404].includes(answer.statusCode), `${operation.id} of another's: ${answer.statusCode} ${answer.body}`)
    const nothing = await send(app, await requestOf(app, operation, resolve as never, nowhere), eve)
    t.equal(withoutIds(told(answer)), withoutIds(told(nothing)), `${operation.id}: as for one that does not exist`)
  }
  t.ok(walked > 30, `${walked} operations walked`)
  t.equal((await ada.get(`/api/conversations/${things.records['/api/conversations']}`)).statusCode, 200, 'all is there')
})

t.test('SECURITY 30, 34: ids of another workspace within a request to the own one', async (t) => {
  const app = await testApp(t)
  const [ada, eve] = [await person(app), await person(app, 'eve')]
  const [hers, mine] = [await makeThings(app, ada), await makeThings(app, eve)]
  const room = `/api/conversations/${mine.records['/api/conversations']}`
  const [herUpload, mySource] = [hers.records['/api/uploads'], mine.records['/api/sources']]
  const rows: [name: string, answer: Promise<{ statusCode: number; body: string }>][] = [
    ['attach', eve.post(`${room}/messages`, { content: 'x', uploadIds: [herUpload] })],
    ['reply to', eve.post(`${room}/messages`, { content: 'x', replyTo: hers.records['/api/messages'] })],
    [
      'ask with',
      eve.post('/api/chat', { message: 'x', conversationId: room.split('/').at(-1), uploadIds: [herUpload] }),
    ],
    ['analyse', eve.post('/api/analyze', { uploadIds: [herUpload] })],
    ['analyse into the own source', eve.post('/api/analyze', { uploadIds: [herUpload], sourceId: mySource })],
    [
      'analyse the own into hers',
      eve.post('/api/analyze', { uploadIds: [mine.records['/api/uploads']], sourceId: hers.records['/api/sources'] }),
    ],
    [
      'a path to her node',
      eve.get(
        `/api/graph/path?sourceId=${mySource}&from=${mine.records['/api/nodes']}&to=${hers.records['/api/nodes']}`,
      ),
    ],
    [
      'her source in the own workspace',
      eve.get(`/api/graph?sourceId=${hers.records['/api/sources']}&workspaceId=${mine.workspaceId}`),
    ],
    ['her node in the own source', eve.get(`/api/nodes/${hers.records['/api/nodes']}?sourceId=${mySource}`)],
  ]
  for (const [name, pending] of rows) {
    const { statusCode, body } = await pending
    t.ok([400, 403, 404, 422].includes(statusCode), `${name}: ${statusCode} ${body}`)
  }
  await ada.post(`/api/conversations/${hers.records['/api/conversations']}/messages`, { content: 'heliotrope secret' })
  for (const url of ['/api/search?q=heliotrope', `/api/search?q=heliotrope&workspaceId=${mine.workspaceId}`]) {
    t.same((await eve.get(url)).json(), { messages: [], documents: [], symbols: [] }, url)
  }
  const seen = await Promise.all(
    ['/api/conversations', '/api/jobs', '/api/uploads', '/api/sources', '/api/workspaces', '/api/audit'].map((url) =>
      eve.get(`${url}?limit=100`),
    ),
  )
  const ids = idsOf(hers)
  for (const { body, statusCode } of seen) {
    t.equal(statusCode, 200)
    t.notOk(
      (body.match(UUID) ?? []).some((id) => ids.has(id)),
      'no list shows anything of hers',
    )
  }
})

t.test('SECURITY 30, 34: every frame and topic that names a record, sent by a stranger', async (t) => {
  const app = await testApp(t)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const [ada, eve] = [await person(app), await person(app, 'eve')]
  const things = await makeThings(app, ada)
  const client = await openSocket(`ws://127.0.0.1:${(app.server.address() as AddressInfo).port}/ws`, {
    token: eve.token,
  })
  t.teardown(() => client.socket.terminate())
  const kinds: Record<TopicKind, string> = {
    conversation: '/api/conversations',
    workspace: '/api/workspaces',
    user: '/api/users',
    source: '/api/sources',
    job: '/api/jobs',
    changes: '/api/workspaces',
  }
  const framesOf = ({ values, records, replyId }: Things) => [
    ...Object.entries(FRAME_DECLARATIONS)
      .filter(([, { needs }]) => needs !== undefined && needs !== 'own' && needs !== 'topic')
      .map(([type]) => {
        const { uploadIds: _, ...rest } = { ...values, type, ...(type === 'stop' && { messageId: replyId }) } as Record<
          string,
          unknown
        >
        return sample(asIs(CLIENT_FRAMES[type as keyof typeof CLIENT_FRAMES]), (one) => one, rest) as { type: string }
      }),
    ...Object.keys(TOPIC_DECLARATIONS).map((kind) => ({
      type: 'subscribe',
      topic: `${kind}:${records[kinds[kind as TopicKind]]}`,
    })),
  ]
  const nowhere = framesOf(missing(things))
  for (const [index, frame] of framesOf(things).entries()) {
    const name = `${frame.type} ${(frame as { topic?: string }).topic?.split(':')[0] ?? ''}`
    const { id: _1, ...answer } = await client.ask(frame)
    t.match(answer, { type: 'error', code: /^(NOT_FOUND|FORBIDDEN)$/ }, `${name} of another's`)
    const { id: _2, ...nothing } = await client.ask(nowhere[index] as { type: string })
    t.same(answer, nothing, `${name}: as for one that does not exist`)
  }
  t.notOk(client.frames.some((frame) => frame.type === 'event' && JSON.stringify(frame).includes(things.workspaceId)))
})

t.test('SECURITY 30, 34: every tool of MCP that names a record, called by a stranger', async (t) => {
  const app = await testApp(t)
  const url = await mcpUrl(app)
  const [ada, eve] = [await person(app), await person(app, 'eve')]
  const [hers, mine] = [await makeThings(app, ada), await makeThings(app, eve)]
  const nowhere = missing(hers)
  const ids = idsOf(hers)
  const { tools, call } = await agent(t, url, eve.token)
  const answerTo = async (name: string, input: Record<string, unknown>) => {
    const { problem } = await call(name, input)
    return problem && { ...problem, requestId: '' }
  }
  let walked = 0
  for (const tool of tools) {
    const input = argumentsFor(tool, hers)
    if (
      !JSON.stringify(input)
        .match(UUID)
        ?.some((id) => ids.has(id))
    )
      continue
    walked += 1
    const answer = await answerTo(tool.name, input)
    t.match(answer, { code: 'NOT_FOUND' }, `${tool.name} of another's`)
    t.same(
      answer,
      await answerTo(tool.name, argumentsFor(tool, nowhere)),
      `${tool.name}: as for one that does not exist`,
    )
  }
  t.ok(walked > 10, `${walked} tools walked`)
  const room = mine.records['/api/conversations']
  const node = mine.records['/api/nodes']
  const within: [tool: string, input: Record<string, unknown>][] = [
    ['send_message', { conversationId: room, content: 'x', uploadIds: [hers.records['/api/uploads']] }],
    ['send_message', { conversationId: room, content: 'x', replyTo: hers.records['/api/messages'] }],
    ['ask_assistant', { conversationId: room, message: 'x', uploadIds: [hers.records['/api/uploads']] }],
    ['find_path', { from: node, to: hers.records['/api/nodes'] }],
    ['find_nodes', { q: 'a', sourceId: hers.records['/api/sources'], workspaceId: mine.workspaceId }],
  ]
  for (const [name, input] of within)
    t.match(await answerTo(name, input), { code: /^(NOT_FOUND|UNPROCESSABLE)$/ }, `${name} ${Object.keys(input)}`)
  for (const [name, input] of [
    ['search', { q: 'word', workspaceId: mine.workspaceId }],
    ['search', { q: 'word' }],
    ['list_workspaces', {}],
    ['list_conversations', {}],
    ['list_sources', {}],
  ] as const) {
    const { data } = await call(name, input)
    t.notOk(
      JSON.stringify(data)
        .match(UUID)
        ?.some((id) => ids.has(id)),
      `${name} shows nothing of hers`,
    )
  }
})

t.test('SECURITY 31: what only the server sets is refused in every body', async (t) => {
  const app = await testApp(t)
  const ada = await person(app)
  const { operations, resolve } = await operationsOf(app)
  const SET_BY_SERVER = [
    'id',
    'userId',
    'role',
    'tier',
    'createdAt',
    'updatedAt',
    'version',
    'passwordHash',
    'emailVerified',
    'disabledAt',
    'createdBy',
    'authorId',
    'seq',
    'personal',
  ]
  let asked = 0
  for (const operation of operations) {
    const { id, body, contentType } = operation
    if (body === undefined || contentType !== 'application/json') continue
    const properties = Object.keys((resolve(body as never) as { properties?: object }).properties ?? {})
    const records = new Proxy({}, { get: () => newId() })
    for (const name of SET_BY_SERVER.filter((one) => !properties.includes(one))) {
      const request = requestFor(operation, resolve as never, { records, values: {} })
      const answer = await send(app, { ...request, payload: { ...request.payload, [name]: 'admin' } }, ada)
      // Whoever may not get here at all is told that first.
      const refused = answer.statusCode === 400 || (answer.statusCode === 403 && operation.needs === 'users:administer')
      t.ok(refused, `${id} with ${name}: ${answer.statusCode}`)
      asked += 1
    }
  }
  t.ok(asked > 100, `${asked} bodies`)
})

t.test('SECURITY 31: no answer has a secret at rest, and emails are for oneself and for who administers', async (t) => {
  const app = await testApp(t)
  const { components, paths } = (await app.inject('/docs/openapi.json')).json<{
    components: { schemas: Record<string, { properties?: object }> }
    paths: Record<string, Record<string, { responses: object; operationId: string }>>
  }>()
  for (const [name, { properties = {} }] of Object.entries(components.schemas)) {
    for (const property of Object.keys(properties)) {
      if (name !== 'GraphNode' && name !== 'TotpEnrolment')
        t.notMatch(property, /hash|secret$|passwordHash|refreshHash|storageKey/i, `${name}.${property}`)
      if (property === 'email')
        t.ok(
          [
            'User',
            'ManagedUser',
            'WorkspaceMember',
            'Invitation',
            'InvitationPreview',
            'VerifiedEmail',
            'Identity',
          ].includes(name),
          `${name}.email`,
        )
    }
  }
  t.ok(Object.keys(paths).length > 20)
  const [ada, eve, bob] = [await person(app), await person(app, 'eve'), await person(app, 'bob')]
  const workspace = (await ada.post('/api/workspaces', { name: 'W' })).headers.location as string
  for (const one of [eve, bob]) await ada.post(`${workspace}/members`, { userId: one.id, role: 'member' })
  const asMember = await eve.get(`${workspace}/members`)
  t.match(asMember.body, eve.email, 'a member sees the own email')
  t.notMatch(asMember.body, ada.email, 'not those of others')
  t.match((await ada.get(`${workspace}/members`)).body, bob.email, 'who manages members sees them')
  const room = (await ada.post('/api/conversations', { workspaceId: workspace.split('/').at(-1) })).headers
    .location as string
  await ada.post(`${room}/members`, { userId: bob.id })
  const told = await app.db.sql<{ data: string; topic: string }[]>`select topic, data::text as data from events`
  const shared = told.filter(({ topic }) => !topic.startsWith('user:'))
  t.ok(shared.length > 0)
  t.notOk(
    shared.some(({ data }) => [ada, eve, bob].some(({ email }) => data.includes(email))),
    'no shared event has an email',
  )
  t.notOk(told.some(({ topic, data }) => topic === `user:${eve.id}` && data.includes(ada.email)))
  t.equal((await caller(app).get(`${workspace}/members`)).statusCode, 401)
})

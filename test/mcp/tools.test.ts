import t from 'tap'
import { newId } from '../../src/lib/ids.ts'
import { ended, upload } from '../graph/world.ts'
import { type Agent, agent, mcpUrl } from '../helpers/agent.ts'
import { caller, PASSWORD, type Person, person, testApp } from '../helpers/app.ts'
import { testDatabase } from '../helpers/database.ts'

interface Node {
  id: string
  key: string
}

/** Somebody with an analysed source in the personal workspace, and a conversation. */
async function worldOf(app: Awaited<ReturnType<typeof testApp>>, ada: Person) {
  const files = [
    await upload(ada, 'b.ts', 'export const answer = 42\n'),
    await upload(ada, 'a.ts', 'import { answer } from "./b.js"\nexport const twice = () => answer * 2\n'),
  ]
  const { job, source } = (await ada.post('/api/analyze', { uploadIds: files, name: 'code' })).json<{
    job: { id: string }
    source: { id: string }
  }>()
  t.equal((await ended(app, ada, job.id)).state, 'completed')
  const graph = (await ada.get(`/api/graph?sourceId=${source.id}`)).json<{ nodes: Node[] }>()
  const node = (key: string) => graph.nodes.find((one) => one.key === key)?.id as string
  const room = (await ada.post('/api/conversations', { title: 'Room', assistant: 'off' })).json<{ id: string }>()
  const said = await ada.post(`/api/conversations/${room.id}/messages`, { content: 'The zeppelin lands at noon' })
  return {
    sourceId: source.id,
    a: node('a.ts'),
    b: node('b.ts'),
    room: room.id,
    message: said.json<{ id: string }>().id,
  }
}
type World = Awaited<ReturnType<typeof worldOf>>

interface Scenario {
  tool: string
  input: (world: World) => Record<string, unknown>
  data: (world: World) => object
}

const SCENARIOS: Scenario[] = [
  {
    tool: 'list_workspaces',
    input: () => ({}),
    data: () => ({ items: [{ personal: true, role: 'owner' }], nextCursor: null }),
  },
  {
    tool: 'search',
    input: () => ({ q: 'zeppelin' }),
    data: ({ room, message }) => ({
      messages: [{ conversationId: room, messageId: message }],
      documents: [],
      symbols: [],
    }),
  },
  {
    tool: 'search',
    input: () => ({ q: 'twice', limit: 1 }),
    data: ({ sourceId }) => ({ symbols: [{ sourceId, path: 'a.ts', title: 'twice', startLine: 2 }] }),
  },
  {
    tool: 'list_sources',
    input: () => ({}),
    data: ({ sourceId }) => ({ items: [{ id: sourceId, name: 'code', revision: 1 }] }),
  },
  { tool: 'find_nodes', input: () => ({ q: 'answer' }), data: () => ({ items: [{ node: { name: 'answer' } }] }) },
  {
    tool: 'get_node',
    input: ({ b }) => ({ nodeId: b }),
    data: ({ b }) => ({ id: b, kind: 'file', path: 'b.ts', annotations: [] }),
  },
  {
    tool: 'get_neighbors',
    input: ({ a }) => ({ nodeId: a, edgeKinds: 'imports', direction: 'out' }),
    data: ({ a, b }) => ({ edges: [{ kind: 'imports', from: a, to: b, resolution: 'exact' }], truncated: false }),
  },
  {
    tool: 'get_impact',
    input: ({ b }) => ({ nodeId: b }),
    data: ({ a }) => ({ items: [{ depth: 1, node: { id: a } }] }),
  },
  {
    tool: 'find_path',
    input: ({ a, b }) => ({ from: a, to: b }),
    data: ({ a, b }) => ({ found: true, nodes: [{ id: a }, { id: b }] }),
  },
  {
    tool: 'find_path',
    input: ({ a, b }) => ({ from: b, to: a }),
    data: () => ({ found: false, nodes: [], edges: [] }),
  },
  { tool: 'list_conversations', input: () => ({}), data: ({ room }) => ({ items: [{ id: room, title: 'Room' }] }) },
  {
    tool: 'get_conversation',
    input: ({ room }) => ({ conversationId: room }),
    data: ({ room }) => ({ id: room, unread: 0 }),
  },
  {
    tool: 'list_messages',
    input: ({ room }) => ({ conversationId: room, order: 'asc', limit: 1 }),
    data: ({ message }) => ({ items: [{ id: message, content: 'The zeppelin lands at noon' }] }),
  },
  {
    tool: 'get_message',
    input: ({ message }) => ({ messageId: message }),
    data: ({ message }) => ({ id: message, status: 'complete' }),
  },
  {
    tool: 'send_message',
    input: ({ room }) => ({ conversationId: room, content: 'from an agent', clientId: 'one' }),
    data: ({ room }) => ({ conversationId: room, content: 'from an agent', role: 'user' }),
  },
  {
    tool: 'ask_assistant',
    input: () => ({ message: 'What does twice do?' }),
    data: () => ({ message: { role: 'assistant', status: 'complete', citations: [{ path: 'a.ts' }] } }),
  },
]

t.test('every tool gives what it promises', async (t) => {
  const app = await testApp(t)
  const ada = await person(app)
  const world = await worldOf(app, ada)
  const { tools, call } = await agent(t, await mcpUrl(app), ada.token)
  for (const { tool, input, data } of SCENARIOS) {
    const answer = await call(tool, input(world))
    t.match(answer.data, data(world), `${tool}: ${JSON.stringify(answer.problem ?? '')}`)
  }
  t.same(new Set(SCENARIOS.map(({ tool }) => tool)), new Set(tools.map(({ name }) => name)), 'every tool has a row')

  const sent = (await ada.get(`/api/conversations/${world.room}/messages`)).json<{
    items: { id: string; content: string }[]
  }>()
  t.match(sent.items[0], { content: 'from an agent', authorId: ada.id }, 'what an agent sends is there for everybody')
  const again = await call('send_message', { conversationId: world.room, content: 'from an agent', clientId: 'one' })
  t.equal(again.data?.id, sent.items[0]?.id, 'the same clientId again, the same message')
  const asked = await call('ask_assistant', { message: 'And now?', conversationId: world.room })
  t.equal(asked.data?.conversationId, world.room)
  const pages = await call('list_messages', { conversationId: world.room, limit: 1 })
  const next = await call('list_messages', { conversationId: world.room, limit: 1, cursor: pages.data?.nextCursor })
  t.match(next.data, { items: [{ content: 'And now?' }] }, 'by pages')
})

t.test('what is wrong with a call is told as an answer', async (t) => {
  const lines: Record<string, unknown>[] = []
  const app = await testApp(t, { onLog: (line) => void lines.push(line) })
  const ada = await person(app)
  const { room, b } = await worldOf(app, ada)
  const { tools, call } = await agent(t, await mcpUrl(app), ada.token)
  const rows: [tool: string, input: Record<string, unknown>, code: string, path?: string][] = [
    ['search', {}, 'VALIDATION_FAILED', 'arguments/q'],
    ['search', { q: 7 }, 'VALIDATION_FAILED', 'arguments/q'],
    ['search', { q: 'x', limit: '5' }, 'VALIDATION_FAILED', 'arguments/limit'],
    ['search', { q: 'x', more: 1 }, 'VALIDATION_FAILED', 'arguments/more'],
    ['get_node', { nodeId: 'b' }, 'VALIDATION_FAILED', 'arguments/nodeId'],
    ['get_node', { nodeId: newId() }, 'NOT_FOUND'],
    ['get_node', { nodeId: b, revision: 9 }, 'NOT_FOUND'],
    ['get_neighbors', { nodeId: b, depth: 50 }, 'VALIDATION_FAILED', 'arguments/depth'],
    ['find_nodes', { q: 'x', sourceId: newId() }, 'NOT_FOUND'],
    ['list_sources', { cursor: 'made up' }, 'INVALID_CURSOR'],
    ['list_messages', { conversationId: newId() }, 'NOT_FOUND'],
    ['list_conversations', { limit: 1000 }, 'VALIDATION_FAILED', 'arguments/limit'],
    ['send_message', { conversationId: room }, 'VALIDATION_FAILED', 'arguments/content'],
    [
      'send_message',
      { conversationId: room, content: 'x', authorId: newId() },
      'VALIDATION_FAILED',
      'arguments/authorId',
    ],
    ['send_message', { conversationId: newId(), content: 'x' }, 'NOT_FOUND'],
    ['ask_assistant', { message: 'x', waitSeconds: 600 }, 'VALIDATION_FAILED', 'arguments/waitSeconds'],
    ['ask_assistant', { message: '' }, 'VALIDATION_FAILED', 'arguments/message'],
    ['ask_assistant', { message: 'x', workspaceId: newId() }, 'NOT_FOUND'],
  ]
  for (const [tool, input, code, path] of rows) {
    const { problem } = await call(tool, input)
    t.match(
      problem,
      { code, instance: '/mcp', requestId: String, ...(path && { errors: [{ path }] }) },
      `${tool} ${JSON.stringify(input)}`,
    )
  }
  for (const { name, inputSchema } of tools) {
    const { problem } = await call(name, { nothing: 'of the kind' })
    t.match(problem, { code: 'VALIDATION_FAILED', status: 400 }, `${name} takes nothing unknown`)
    t.equal(inputSchema.additionalProperties, false, `${name} says so`)
  }

  await app.db.sql`alter table sources rename to elsewhere`
  const { problem } = await call('list_sources')
  t.match(problem, { code: 'INTERNAL', status: 500, detail: 'Internal error' })
  t.notMatch(JSON.stringify(problem), /sources|select|elsewhere/i, 'nothing leaks')
  t.ok(
    lines.some(({ msg, requestId }) => msg === 'tool failed' && requestId === problem?.requestId),
    'the log has it',
  )
})

t.test('an answer that takes longer is read later', async (t) => {
  const databaseUrl = await testDatabase(t)
  const api = await testApp(t, { databaseUrl, env: { ROLE: 'api' } })
  const ada = await person(api)
  const { call } = await agent(t, await mcpUrl(api), ada.token)
  const asked = await call('ask_assistant', { message: 'Hello?', waitSeconds: 0 })
  const { message, job } = asked.data as { message: { id: string; status: string }; job: { state: string } }
  t.match({ message, job }, { message: { role: 'assistant', status: 'streaming' }, job: { state: 'queued' } })
  const worker = await testApp(t, { databaseUrl, env: { ROLE: 'worker' } })
  const written = new Promise<void>((resolve) =>
    worker.events.on('reply.completed', ({ data }) => (data as { id: string }).id === message.id && resolve()),
  )
  let read = await call('get_message', { messageId: message.id })
  if (read.data?.status === 'streaming') {
    await written
    read = await call('get_message', { messageId: message.id })
  }
  t.match(read.data, { id: message.id, status: 'complete', content: /./ })
})

t.test('quotas and budgets hold for tools', async (t) => {
  const app = await testApp(t, {
    env: { RATE_LIMIT_WRITE: '4/60', RATE_LIMIT_CHAT: '1/60', ASSISTANT_MONTHLY_TOKENS: '1' },
  })
  const ada = await person(app)
  const room = (await ada.post('/api/conversations', { assistant: 'off' })).json<{ id: string }>().id
  const { call } = await agent(t, await mcpUrl(app), ada.token)
  const send = () => call('send_message', { conversationId: room, content: 'x' })
  for (let count = 0; count < 3; count += 1) t.ok((await send()).data)
  t.match((await send()).problem, { code: 'RATE_LIMITED', status: 429, retryAfter: Number }, 'with what REST has used')
  t.ok((await call('list_messages', { conversationId: room })).data, 'reading has a budget of its own')
  t.match(
    (await ada.post('/api/conversations', {})).json(),
    { code: 'RATE_LIMITED' },
    'and REST with what tools have used',
  )

  t.match((await call('ask_assistant', { message: 'Anything?' })).problem, { code: 'ASSISTANT_QUOTA_EXCEEDED' })
  t.match((await call('ask_assistant', { message: 'Anything?' })).problem, { code: 'RATE_LIMITED' })
})

t.test('rights are those of now', async (t) => {
  const app = await testApp(t)
  const url = await mcpUrl(app)
  const [owner, member] = [await person(app, 'owner'), await person(app, 'member')]
  const workspaceId = (await owner.post('/api/workspaces', { name: 'W' })).json<{ id: string }>().id
  const members = `/api/workspaces/${workspaceId}/members`
  await owner.post(members, { userId: member.id, role: 'member' })
  const room = (await owner.post('/api/conversations', { workspaceId, assistant: 'off' })).json<{ id: string }>().id
  const { key, id } = (
    await member.post('/api/auth/api-keys', { name: 'agent', scopes: ['conversations:read', 'conversations:write'] })
  ).json<{ key: string; id: string }>()
  const machine = await agent(t, url, key)
  const send = (as: Agent) => as.call('send_message', { conversationId: room, content: 'x' })
  t.ok((await send(machine)).data, 'a member may')
  t.equal((await owner.patch(`${members}/${member.id}`, { role: 'viewer' }, { 'if-match': '*' })).statusCode, 200)
  t.match((await send(machine)).problem, { code: 'FORBIDDEN' }, 'a viewer may not')
  t.ok((await machine.call('list_messages', { conversationId: room })).data, 'but read')
  t.equal((await owner.delete(`${members}/${member.id}`)).statusCode, 204)
  t.match(
    (await machine.call('list_messages', { conversationId: room })).problem,
    { code: 'NOT_FOUND' },
    'then not any more',
  )
  t.equal((await member.delete(`/api/auth/api-keys/${id}`)).statusCode, 204)
  await t.rejects(machine.call('list_conversations'), { code: 401 }, 'a revoked key')

  const session = await agent(t, url, member.token)
  await app.accounts.provision({ email: 'root@example.org', password: PASSWORD, role: 'admin', tier: 'free' })
  const login = await caller(app).post('/api/auth/login', { email: 'root@example.org', password: PASSWORD })
  const root = caller(app, { authorization: `Bearer ${login.json<{ accessToken: string }>().accessToken}` })
  t.equal((await root.patch(`/api/users/${member.id}`, { disabled: true })).statusCode, 200)
  await t.rejects(session.call('list_conversations'), { code: 401 }, 'somebody who is disabled')
})

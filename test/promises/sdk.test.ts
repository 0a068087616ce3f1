import { readFileSync } from 'node:fs'
import t from 'tap'
import { type OpenApi, sdkOperations } from '../../scripts/docs/sdk-operations.ts'
import { createParley, memoryStore } from '../../sdk/index.ts'
import { testApp } from '../helpers/app.ts'

const ID = '01920b5e-7d3c-7cc0-8f6e-2f1f0d9a4b11'
type Operation = {
  parameters?: { in: string; name: string }[]
  requestBody?: { content: Record<string, { schema: object }> }
}
type Document = { paths: Record<string, Record<string, Operation>>; components: { schemas: Record<string, object> } }
type Call = { method: string; path: string; query: string[]; body: Record<string, unknown> | undefined }

/** Calls every method of an API object with arguments that fit every signature there is. */
async function callAll(api: Record<string, unknown>, args: unknown[], skip: string[] = []): Promise<void> {
  for (const [name, method] of Object.entries(api)) {
    if (typeof method !== 'function' || skip.includes(name)) continue
    const result: unknown = await (method as (...args: unknown[]) => unknown)(...args)
    if (typeof result === 'object' && result !== null && Symbol.asyncIterator in result) {
      for await (const _ of result as AsyncIterable<unknown>) break
    }
  }
}

t.test('the SDK has every operation of the OpenAPI document, as it is there', async (t) => {
  const app = await testApp(t)
  const document = app.swagger() as unknown as OpenApi
  t.equal(
    readFileSync('sdk/operations.ts', 'utf8'),
    sdkOperations(document),
    'sdk/operations.ts is current (npm run docs)',
  )
  const urls: string[] = []
  const record: typeof fetch = async (input, init) => {
    urls.push(`${init?.method} ${new URL(String(input)).pathname}`)
    return Response.json({})
  }
  const { rest } = createParley({ url: 'http://parley.invalid', fetch: record })
  const all = Object.entries(document.paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, { operationId }]) => ({ path, method, operationId })),
  )
  const path = new Proxy({}, { get: () => ID }) as Record<string, string>
  for (const { operationId } of all)
    await (rest as unknown as Record<string, (input: object) => Promise<unknown>>)[operationId]?.({ path })
  t.same(
    urls,
    all.map((one) => `${one.method.toUpperCase()} ${one.path.replace(/\{\w+\}/g, ID)}`),
  )
  t.ok(all.length > 80, `${all.length} operations`)
})

t.test('whatever the SDK calls is in the OpenAPI document, with the query it sends', async (t) => {
  const app = await testApp(t)
  const { paths } = app.swagger() as unknown as Document
  const calls: Call[] = []
  const record: typeof fetch = async (input, init) => {
    const { pathname, searchParams } = new URL(String(input))
    const body = typeof init?.body === 'string' ? (JSON.parse(init.body) as Record<string, unknown>) : undefined
    calls.push({ method: init?.method ?? 'GET', path: pathname, query: [...searchParams.keys()], body })
    const answer = { items: [], nextCursor: null, accessToken: 'a', refreshToken: 'r', expiresIn: 900, user: {} }
    if (new Headers(init?.headers).get('accept') === 'text/event-stream') {
      return new Response('event: message\ndata: {}\n\n', { headers: { 'content-type': 'text/event-stream' } })
    }
    return Response.json(answer)
  }
  const store = memoryStore({ accessToken: 'a', refreshToken: 'r', expiresAt: Date.now() + 900_000 })
  const parley = createParley({ url: 'http://parley.invalid', fetch: record, store })
  t.teardown(parley.close)
  const input = { name: 'x', title: 'x', email: 'x', password: 'x', content: 'x', message: 'x' }

  await callAll(
    parley.auth,
    [input],
    ['logout', 'logoutAll', 'sessions', 'endSession', 'loginWithPasskey', 'startOAuth'],
  )
  await parley.auth.startOAuth('x')
  await parley.auth.loginWithPasskey(async () => ({}))
  await parley.auth.sessions({ limit: 1 })
  await parley.auth.endSession(ID)
  await callAll(parley.workspaces, [ID, ID, input], ['list', 'members'])
  await parley.workspaces.members(ID, { limit: 1 })
  await parley.workspaces.list({ limit: 1, cursor: 'c' })
  await callAll(
    parley.conversations,
    [ID, ID, input],
    ['list', 'create', 'messages', 'members', 'replies', 'reactions'],
  )
  await parley.conversations.replies(ID, { limit: 1, order: 'asc' })
  await parley.conversations.reactions(ID, { limit: 1 })
  await parley.conversations.create({ title: 'x', workspaceId: ID, assistant: 'off' })
  await parley.conversations.list({ limit: 1, workspaceId: ID })
  await parley.conversations.messages(ID, { limit: 1, order: 'asc' })
  await parley.conversations.members(ID, { limit: 1 })
  await parley.uploads.create({ name: 'x', data: new Blob(['x']) }, { workspaceId: ID })
  await callAll(parley.uploads, [ID], ['create', 'list'])
  await parley.uploads.list({ limit: 1 })
  await callAll(parley.jobs, [ID], ['list', 'watch', 'finished'])
  await parley.jobs.list({ limit: 1 })
  await parley.chat.ask({ message: 'x', conversationId: ID, uploadIds: [ID] })
  for await (const _ of parley.chat.stream({ message: 'x' })) break
  await parley.search('x', { workspaceId: ID, limit: 1 })
  await parley.session.renew()
  await callAll(parley.graph, [ID], ['analyze', 'sources', 'get', 'picture', 'pictureUrl', 'export', 'neighbors'])
  await parley.graph.neighbors(ID, { depth: 2 })
  await parley.graph.analyze({ uploadIds: [ID], name: 'x', sourceId: ID })
  await parley.graph.sources({ limit: 1 })
  await parley.graph.get({ sourceId: ID, q: 'x', limit: 1 })
  await parley.graph.picture({ sourceId: ID })
  await parley.graph.export({ sourceId: ID, format: 'dot' })
  await parley.auth.logoutAll()
  store.set({ accessToken: 'a', refreshToken: 'r', expiresAt: Date.now() + 900_000 })
  await parley.auth.logout()

  t.ok(calls.length > 40, `${calls.length} calls`)
  for (const { method, path, query, body } of calls) {
    const known = path.replaceAll(ID, '{}').replace('/oauth/x/', '/oauth/{}/')
    const [, item] = Object.entries(paths).find(([template]) => template.replace(/\{\w+\}/g, '{}') === known) ?? []
    const operation = item?.[method.toLowerCase()]
    t.ok(operation, `${method} ${path}`)
    const names = (operation?.parameters ?? []).filter((parameter) => parameter.in === 'query').map(({ name }) => name)
    t.same(
      query.filter((name) => !names.includes(name)),
      [],
      `${method} ${path}: query ${query.join(', ')}`,
    )
    t.equal(body !== undefined && operation?.requestBody === undefined, false, `${method} ${path}: body`)
  }
})

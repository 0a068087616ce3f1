import type { RouteOptions } from 'fastify'
import t from 'tap'
import { person, testApp } from '../helpers/app.ts'
import { testDatabase } from '../helpers/database.ts'

interface Operation {
  operationId?: string
  summary?: string
  tags?: string[]
  security?: { bearer?: string[] }[]
  responses: Record<string, { content?: Record<string, { schema?: object }> }>
  parameters?: { name: string; in: string }[]
  requestBody?: object
}
type Paths = Record<string, Record<string, Operation>>

const UNDOCUMENTED = /^\/(docs|metrics|ws|$|\*|assets|graphql|mcp)/

const openapi = async (app: Awaited<ReturnType<typeof testApp>>) =>
  (await app.inject('/docs/openapi.json')).json<{
    openapi: string
    paths: Paths
    components: { schemas: Record<string, object> }
  }>()

t.test('every route is documented, and every documented route is there', async (t) => {
  const app = await testApp(t)
  const { openapi: dialect, paths, components } = await openapi(app)
  t.equal(dialect, '3.1.0')
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  )
  t.ok(operations.length > 20, 'it saw the routes')
  const ids = operations.map(({ operation }) => operation.operationId)
  t.equal(new Set(ids).size, ids.length, 'operation ids are unique')
  for (const { path, method, operation } of operations) {
    const name = `${method.toUpperCase()} ${path}`
    const url = path.replaceAll(/\{(\w+)\}/g, ':$1')
    t.ok(app.hasRoute({ method: method.toUpperCase() as 'GET', url }), `${name} is there`)
    t.match(operation, { operationId: String, summary: String, tags: [String], responses: Object }, name)
    const statuses = Object.keys(operation.responses)
    t.ok(
      statuses.some((status) => /^[23]|101/.test(status)),
      `${name} has a success`,
    )
    if (!path.includes('/health')) {
      for (const status of ['400', '429', '500']) t.ok(statuses.includes(status), `${name} has its ${status}`)
      if (operation.security?.length !== 0) t.ok(statuses.includes('401'), `${name} has its 401`)
    }
  }
  const text = JSON.stringify({ paths, components })
  for (const [, reference] of text.matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)) {
    t.ok(components.schemas[reference as string], `${reference} is a component`)
  }
  t.notMatch(text, /"\$ref":"(?!#)/, 'no reference leads out of the document')
})

t.test('every route that is not public refuses callers without a token, and strangers', async (t) => {
  const app = await testApp(t)
  const { paths } = await openapi(app)
  const stranger = await person(app, 'stranger')
  const id = '01920b5e-7d3c-7cc0-8f6e-2f1f0d9a4b11'
  let closed = 0
  for (const [path, methods] of Object.entries(paths)) {
    for (const [method, operation] of Object.entries(methods)) {
      if (operation.security?.length === 0) continue
      closed += 1
      const url = path.replaceAll(/\{\w+\}/g, id)
      const call = (headers: Record<string, string>) =>
        app.inject({ method: method.toUpperCase() as 'GET', url, headers })
      t.equal((await call({})).statusCode, 401, `${method.toUpperCase()} ${path} without a token`)
      t.equal(
        (await call({ authorization: 'Bearer x.y.z' })).statusCode,
        401,
        `${method.toUpperCase()} ${path} with a forged one`,
      )
      if (method === 'get' && path.includes('{')) {
        const answer = await stranger.get(url)
        t.ok([400, 403, 404].includes(answer.statusCode), `GET ${path} of a foreign id is ${answer.statusCode}`)
      }
    }
  }
  t.ok(closed > 10)
})

t.test('a route that declares nothing keeps the server from starting', async (t) => {
  const { buildApp } = await import('../../src/app.ts')
  const databaseUrl = await testDatabase(t)
  const running = await testApp(t, { databaseUrl })
  const build = async (extra: Partial<RouteOptions>) => {
    const app = await buildApp({ config: running.config, databaseUrl })
    app.route({ method: 'GET', url: '/api/extra', handler: async () => ({}), ...extra } as RouteOptions)
    try {
      await app.ready()
      return 'started'
    } catch (error) {
      return (error as Error).message
    } finally {
      await app.close()
    }
  }
  t.match(await build({}), /GET \/api\/extra must declare who may call it/)
  t.match(await build({ config: { auth: 'user' } as never }), /GET \/api\/extra must declare which role it needs/)
  t.match(await build({ config: { auth: 'user', needs: 'own' } as never }), /GET \/api\/extra must document itself/)
})

t.test('undocumented routes are the known ones', async (t) => {
  const app = await testApp(t)
  const { paths } = await openapi(app)
  const printed = app.printRoutes({ commonPrefix: false, includeHooks: false })
  t.ok(printed.length > 0)
  for (const path of Object.keys(paths)) t.notMatch(path, UNDOCUMENTED)
})

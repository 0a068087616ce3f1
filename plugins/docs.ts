import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { RouteOptions } from 'fastify'
import fp from 'fastify-plugin'
import { docsTheme } from '../src/http/docs-theme.ts'
import { version } from '../src/lib/version.ts'

const TAGS = [
  { name: 'auth', description: 'Registration, sign-in and sessions' },
  { name: 'users', description: 'Profile, and administration of accounts' },
  { name: 'workspaces', description: 'Workspaces and their members' },
  { name: 'conversations', description: 'Conversations, members and messages' },
  { name: 'events', description: 'What happens, as a stream' },
  { name: 'assistant', description: 'Questions to the assistant' },
  { name: 'uploads', description: 'Files' },
  { name: 'graph', description: 'Sources, nodes and edges of analysed code and documents' },
  { name: 'search', description: 'Search over messages, documents and symbols' },
  { name: 'jobs', description: 'Background jobs' },
  { name: 'audit', description: 'Who did what' },
  { name: 'operations', description: 'Health and metrics' },
]

/** Boot fails for a route that would stand undocumented. */
function documented({ schema, url, method }: RouteOptions) {
  if (schema?.hide === true || method === 'HEAD' || method === 'OPTIONS') return
  for (const part of ['operationId', 'summary', 'tags', 'response'] as const) {
    if (schema?.[part] === undefined) throw new Error(`Route ${method} ${url} must document itself: schema.${part}`)
  }
}

/** What the declaration of a route means for its documentation. */
function enrich({ schema, config, method }: RouteOptions) {
  if (schema === undefined || schema.hide === true) return
  const headers: Record<string, object> = {}
  if (method === 'POST')
    headers['idempotency-key'] = {
      type: 'string',
      maxLength: 255,
      description: 'Repeat the request safely: the first answer is given again',
    }
  if (config?.ifMatch !== undefined)
    headers['if-match'] = {
      type: 'string',
      description: 'ETag of the record as it was read; 428 without, 412 when it has changed',
    }
  Object.assign(schema, {
    // Which role it needs, and of an API key which scope; the matrix in test/promises/roles.test.ts is made of it.
    ...(config?.needs === undefined ? {} : { 'x-needs': config.needs }),
    security:
      config?.auth === 'public' ? [] : [{ bearer: [config?.scope ?? []].flat().filter((scope) => scope !== 'topics') }],
    ...(Object.keys(headers).length > 0 && schema.headers === undefined
      ? { headers: { type: 'object', properties: headers } }
      : {}),
  })
}

/** OpenAPI 3.1 from the schemas that validate, and Swagger UI at /docs. */
export default fp(
  async (app) => {
    const routes: RouteOptions[] = []
    app.addHook('onRoute', (route) => {
      routes.push(route)
      enrich(route)
    })
    app.addHook('onReady', async () => routes.forEach(documented))
    await app.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: {
          title: 'Parley',
          version,
          description: 'Real-time backend for chat with people and an assistant over your own code and documents.',
          license: { name: 'MIT' },
        },
        tags: TAGS,
        components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } } },
      },
      refResolver: {
        buildLocalReference: (json, _base, _fragment, index) =>
          typeof json.$id === 'string' ? json.$id : `def-${index}`,
      },
    })
    app.get('/docs/openapi.json', { config: { auth: 'public' }, schema: { hide: true } }, async () => app.swagger())
    await app.register(async (scope) => {
      scope.addHook('onRoute', (route) => {
        route.config = { ...route.config, auth: 'public' } as typeof route.config
        route.schema = { ...route.schema, hide: true } as typeof route.schema
      })
      await scope.register(swaggerUi, {
        ...docsTheme,
        routePrefix: '/docs',
        uiConfig: { persistAuthorization: true, displayRequestDuration: true, tryItOutEnabled: true },
      })
    })
  },
  { name: 'docs', dependencies: ['errors', 'auth'] },
)

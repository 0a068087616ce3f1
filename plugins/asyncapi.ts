import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { asyncApiDocument } from '../src/asyncapi/document.ts'
import { protocolPage } from '../src/asyncapi/page.ts'
import type { Records } from '../src/asyncapi/schema.ts'
import { PAGE_CSS } from '../src/asyncapi/style.ts'
import { version } from '../src/lib/version.ts'

const CSS_PATH = '/docs/websocket.css'
const hidden = { config: { auth: 'public' }, schema: { hide: true } } as const

/** AsyncAPI 3 of the socket at /docs/asyncapi.json and a readable page at /docs/websocket, from the schemas that validate. */
export default fp(
  async (app) => {
    let page: string | undefined
    const whereIs = (request: FastifyRequest) => {
      const { PUBLIC_URL } = app.config
      const url = new URL(PUBLIC_URL ?? `${request.protocol}://${request.host}`)
      return { host: url.host, secure: url.protocol === 'https:' }
    }
    app.get('/docs/asyncapi.json', hidden, async (request) =>
      asyncApiDocument({ version, records: app.getSchemas() as Records, ...whereIs(request) }),
    )
    app.get('/docs/websocket', hidden, async (_request, reply) => {
      page ??= protocolPage(CSS_PATH, version)
      return reply.type('text/html; charset=utf-8').send(page)
    })
    app.get(CSS_PATH, hidden, async (_request, reply) => reply.type('text/css; charset=utf-8').send(PAGE_CSS))
  },
  { name: 'asyncapi', dependencies: ['config', 'docs'] },
)

import { randomUUID } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { RouteOptions } from 'fastify'
import fp from 'fastify-plugin'

/** What tests asked of one route, and what its schema says it takes. */
export interface RouteRecord {
  method: string
  url: string
  auth: string | undefined
  /** Whether it takes input that can be wrong. */
  input: boolean
  /** Whether its path names a record, and a missing one is its answer: a redirect tells on the page it leads to. */
  record: boolean
  statuses: number[]
}

const rowOf = ({ url, config, schema }: RouteOptions, method: string): RouteRecord => ({
  method,
  url,
  auth: config?.auth,
  input: [schema?.params, schema?.querystring, schema?.body].some((part) => part !== undefined),
  record: url.includes('/:') && (schema?.response as Record<number, unknown> | undefined)?.[303] === undefined,
  statuses: [],
})

const dir = process.env.TEST_ROUTES_DIR

/**
 * Notes which documented routes a test asked and with which answers. `npm test` reads the notes of all tests together (TEST_ROUTES_DIR) and fails for a
 * route without its rows; see scripts/test/routes.ts.
 */
export default fp(
  async (app) => {
    if (dir === undefined) return
    const routes: RouteOptions[] = []
    const statuses = new Map<string, Set<number>>()
    app.addHook('onRoute', (route) => void routes.push(route))
    app.addHook('onResponse', (request, reply, done) => {
      const key = `${request.method} ${request.routeOptions.url}`
      statuses.set(key, (statuses.get(key) ?? new Set()).add(reply.statusCode))
      done()
    })
    app.addHook('onClose', async () => {
      const rows = routes
        .filter(({ schema }) => schema?.hide !== true)
        .flatMap((route) => [route.method].flat().map((method) => rowOf(route, method)))
        .filter(({ method }) => method !== 'HEAD' && method !== 'OPTIONS')
        .map((row) => ({ ...row, statuses: [...(statuses.get(`${row.method} ${row.url}`) ?? [])] }))
      writeFileSync(join(dir, `${randomUUID()}.json`), JSON.stringify(rows))
    })
  },
  { name: 'route-record' },
)

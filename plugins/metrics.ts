import { timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Config } from '../src/config/schema.ts'
import { problem } from '../src/contracts/errors.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The Prometheus registry of this process; whoever owns a part adds its metrics. */
    metrics: Registry
  }
}

const LOCAL = new Set(['127.0.0.1', '::1', '::ffff:127.0.0.1'])

function guard(config: Config, request: FastifyRequest) {
  const { METRICS_TOKEN: token } = config
  if (token === undefined) {
    if (config.NODE_ENV !== 'production' || LOCAL.has(request.ip)) return
    throw problem('FORBIDDEN', { detail: 'Set METRICS_TOKEN to scrape from another machine' })
  }
  const given = Buffer.from(request.headers.authorization ?? '')
  const wanted = Buffer.from(`Bearer ${token}`)
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) {
    throw problem('UNAUTHENTICATED', { headers: { 'www-authenticate': 'Bearer' } })
  }
}

/** Prometheus metrics: the process's own, requests by route, and GET /metrics. */
export default fp(
  async (app) => {
    const registry = new Registry()
    app.decorate('metrics', registry)
    collectDefaultMetrics({ register: registry, prefix: 'parley_' })
    const duration = new Histogram({
      name: 'parley_http_request_duration_seconds',
      help: 'Time from the request to the end of its answer',
      labelNames: ['method', 'route', 'status'],
      buckets: [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
      registers: [registry],
    })
    const errors = new Counter({
      name: 'parley_http_errors_total',
      help: 'Answers with a status of 500 or more',
      labelNames: ['route'],
      registers: [registry],
    })
    new Gauge({ name: 'parley_info', help: 'Version of this build', labelNames: ['node'], registers: [registry] }).set(
      { node: process.version },
      1,
    )

    app.addHook('onResponse', (request, reply, done) => {
      const route = request.routeOptions.url ?? 'none'
      duration.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000)
      if (reply.statusCode >= 500) errors.inc({ route })
      done()
    })
    app.get(
      '/metrics',
      {
        config: { auth: 'public' },
        schema: {
          hide: true,
          tags: ['operations'],
          operationId: 'getMetrics',
          summary: 'Prometheus metrics',
          response: {},
        },
        logLevel: 'silent',
      },
      async (request, reply) => {
        guard(app.config, request)
        return reply.type(registry.contentType).send(await registry.metrics())
      },
    )
  },
  { name: 'metrics', dependencies: ['config', 'errors'] },
)

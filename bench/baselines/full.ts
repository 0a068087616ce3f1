import cors from '@fastify/cors'
import helmet from '@fastify/helmet'
import rateLimit from '@fastify/rate-limit'
import fastify from 'fastify'
import { collectDefaultMetrics, Histogram, register } from 'prom-client'
import { leanRoutes } from './lean-routes.ts'

/**
 * Baseline F: L plus the usual plugins with their usual settings: Fastify's own logging (pino to the standard output,
 * two lines a request), helmet, cors, the in-process rate limit (too high to be met) and a duration histogram.
 */
const app = fastify({ logger: true })
await app.register(helmet)
await app.register(cors, { origin: ['http://localhost:3000'], credentials: true })
await app.register(rateLimit, { max: 1_000_000_000, timeWindow: '1 minute' })

collectDefaultMetrics()
const duration = new Histogram({
  name: 'http_request_duration_seconds',
  help: 'Duration of HTTP requests in seconds',
  labelNames: ['method', 'route', 'status_code'],
})
app.addHook('onResponse', async (request, reply) => {
  const labels = { method: request.method, route: request.routeOptions.url ?? '404', status_code: reply.statusCode }
  duration.observe(labels, reply.elapsedTime / 1_000)
})
app.get('/metrics', { logLevel: 'warn' }, async (_request, reply) => {
  return reply.type(register.contentType).send(await register.metrics())
})

await app.register(leanRoutes)
await app.listen({ port: Number(process.env.PORT), host: '127.0.0.1' })

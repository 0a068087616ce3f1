import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import { Enum } from '../src/contracts/http.ts'

const STATUSES = ['ok', 'degraded', 'down'] as const
const Report = Type.Object({
  status: Enum(STATUSES),
  phase: Enum(['starting', 'ready', 'draining'] as const),
  checks: Type.Record(Type.String(), Type.Object({ status: Enum(STATUSES) }, { additionalProperties: true })),
  uptime: Type.Number({ description: 'Seconds' }),
  version: Type.String(),
})
const Short = Type.Object({ status: Enum(STATUSES) })
const tags = ['operations']
const config = { auth: 'public' } as const

/** Health: the whole report, whether the process lives, and whether it may be given traffic. */
const healthRoutes: FastifyPluginAsyncTypebox<{ prefix?: string }> = async (app, { prefix = '' }) => {
  const id = (name: string) => (prefix === '' ? name : `${name}UnderApi`)

  app.get(
    '/health',
    {
      config,
      schema: { tags, operationId: id('getHealth'), summary: 'All checks', response: { 200: Report, 503: Report } },
    },
    async (_request, reply) => {
      const report = await app.health.report()
      return reply
        .code(report.status === 'down' ? 503 : 200)
        .header('cache-control', 'no-store')
        .send(report)
    },
  )

  app.get(
    '/health/live',
    {
      config,
      schema: { tags, operationId: id('getLiveness'), summary: 'Whether the process lives', response: { 200: Short } },
    },
    async (_request, reply) => reply.header('cache-control', 'no-store').send({ status: 'ok' }),
  )

  app.get(
    '/health/ready',
    {
      config,
      schema: {
        tags,
        operationId: id('getReadiness'),
        summary: 'Whether it may be given traffic; 503 while starting, draining or broken',
        response: { 200: Report, 503: Report },
      },
    },
    async (_request, reply) => {
      const report = await app.health.report()
      const ready = app.health.phase === 'ready' && report.status !== 'down'
      return reply
        .code(ready ? 200 : 503)
        .headers({ 'cache-control': 'no-store', ...(ready ? {} : { 'retry-after': '1' }) })
        .send(report)
    },
  )
}

export default healthRoutes

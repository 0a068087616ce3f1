import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import { IdParams, ListQuery, problems, Ref } from '../src/contracts/http.ts'
import { DataExport, DataExportPage, EraseOwnBody, Erasure, OrderExportBody } from '../src/privacy/model.ts'

const tags = ['users']
const read = { auth: 'user', needs: 'own', limit: 'read' } as const

/** Export and erasure of everything that is kept of somebody. Not for API keys. */
const exportRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.post(
    '/api/exports',
    {
      config: { ...read, limit: 'auth' },
      schema: {
        tags,
        operationId: 'orderExport',
        summary: 'Order an archive of everything that is kept of you; administrators also of others',
        body: OrderExportBody,
        response: { 202: Ref(DataExport), ...problems(401, 403, 404) },
      },
    },
    async ({ actor, body, origin }, reply) => reply.code(202).send(await app.privacy.orderExport(actor, body, origin)),
  )

  app.get(
    '/api/exports',
    {
      config: read,
      schema: {
        tags,
        operationId: 'listExports',
        summary: 'Archives that you have ordered',
        querystring: ListQuery,
        response: { 200: DataExportPage, ...problems(401, 403) },
      },
    },
    ({ actor, query }) => app.privacy.listExports(actor, query),
  )

  app.get(
    '/api/exports/:id',
    {
      config: read,
      schema: {
        tags,
        operationId: 'getExport',
        summary: 'One archive, and whether it is ready',
        params: IdParams,
        response: { 200: Ref(DataExport), ...problems(401, 403, 404) },
      },
    },
    ({ actor, params }) => app.privacy.getExport(actor, params.id),
  )

  app.get(
    '/api/exports/:id/content',
    {
      config: read,
      schema: {
        tags,
        operationId: 'downloadExport',
        summary: 'The archive itself: tar.gz of JSON lines and files',
        params: IdParams,
        response: {
          200: {
            description: 'The archive',
            content: { 'application/gzip': { schema: Type.Unsafe<never>({ type: 'string', format: 'binary' }) } },
          },
          ...problems(401, 403, 404, 409),
        },
      },
    },
    async ({ actor, params, origin }, reply) => {
      const { stream, size } = await app.privacy.openExport(actor, params.id, origin)
      reply.type('application/gzip').header('content-length', size)
      reply.header('content-disposition', `attachment; filename="parley-${params.id}.tar.gz"`)
      return reply.send(stream as never)
    },
  )

  app.delete(
    '/api/users/me',
    {
      config: { ...read, limit: 'auth' },
      schema: {
        tags,
        operationId: 'eraseOwnAccount',
        summary: 'Erase your account and everything that is kept of you; asks for the password',
        body: EraseOwnBody,
        response: { 202: Ref(Erasure), ...problems(401, 403, 409) },
      },
    },
    async ({ actor, body, origin }, reply) =>
      reply.code(202).send(await app.privacy.eraseOwn(actor, body.password, origin)),
  )

  app.delete(
    '/api/users/:id',
    {
      config: { auth: 'admin', needs: 'users:administer', limit: 'write' },
      schema: {
        tags,
        operationId: 'eraseUser',
        summary: 'Erase an account and everything that is kept of it (administrators)',
        params: IdParams,
        response: { 202: Ref(Erasure), ...problems(401, 403, 404, 409) },
      },
    },
    async ({ actor, params, origin }, reply) =>
      reply.code(202).send(await app.privacy.eraseUser(actor, params.id, origin)),
  )
}

export default exportRoutes

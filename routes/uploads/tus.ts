import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import Type from 'typebox'
import { problem } from '../../src/contracts/errors.ts'
import { IdParams, NoContent, problems } from '../../src/contracts/http.ts'
import { parseMetadata, TusAppendHeaders, TusCreateHeaders, TusHeaders } from '../../src/uploads/model-tus.ts'

const tags = ['uploads']
const write = { auth: 'user', limit: 'upload', scope: 'uploads:write' } as const
const VERSION = '1.0.0'
const EXTENSIONS = 'creation,expiration,termination'

/** An answer that is all headers. */
const Headers = Type.Unsafe<undefined>({ description: 'No content' })

interface Progress {
  offset: number
  length: number
  expiresAt: string
}

const tell = (reply: FastifyReply, { offset, length, expiresAt }: Progress) =>
  reply.headers({
    'upload-offset': String(offset),
    'upload-length': String(length),
    'cache-control': 'no-store',
    ...(offset < length && { 'upload-expires': new Date(expiresAt).toUTCString() }),
  })

/** Resumable uploads: the tus protocol 1.0.0 (https://tus.io/protocols/resumable-upload) with creation, expiration and termination. */
const tusRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.addContentTypeParser('application/offset+octet-stream', (_request, payload, done) => done(null, payload))
  app.addHook('onRequest', async (request, reply) => {
    reply.header('tus-resumable', VERSION)
    if (request.method === 'OPTIONS' || request.headers['tus-resumable'] === VERSION) return
    const headers = { 'tus-version': VERSION }
    throw problem('PRECONDITION_FAILED', { detail: `Send Tus-Resumable: ${VERSION}`, headers })
  })

  app.options(
    '/api/uploads/tus',
    {
      config: { auth: 'public' },
      schema: {
        tags,
        operationId: 'describeTus',
        summary: 'What the server knows of the tus protocol',
        response: { 204: NoContent, ...problems() },
      },
    },
    async (_request, reply) =>
      reply
        .headers({
          'tus-version': VERSION,
          'tus-extension': EXTENSIONS,
          // Nobody is known here: what the highest tier may send. A client of a lower one is refused with 413 before it has sent a byte.
          'tus-max-size': String(app.uploads.maxFileBytes),
        })
        .code(204)
        .send(null),
  )

  app.post(
    '/api/uploads/tus',
    {
      config: { ...write, body: 'streamed', needs: 'uploads:write' },
      schema: {
        tags,
        operationId: 'createTusUpload',
        summary: 'Begin a resumable upload (tus); its id is that of the upload it becomes',
        headers: TusCreateHeaders,
        response: { 201: Headers, ...problems(401, 403, 404, 409, 412, 413, 422) },
      },
    },
    async (request, reply) => {
      const { 'upload-length': length, 'upload-metadata': metadata = '' } = request.headers
      const made = await request.once(reply, `${length} ${metadata}`, () =>
        app.uploads.resumable.begin(request.actor, { length, ...parseMetadata(metadata) }),
      )
      if (made === undefined) return reply
      return tell(reply, made).code(201).header('location', `/api/uploads/tus/${made.id}`).send()
    },
  )

  app.head(
    '/api/uploads/tus/:id',
    {
      config: { ...write, needs: 'own' },
      schema: {
        tags,
        operationId: 'getTusUpload',
        summary: 'How far a resumable upload has come (tus)',
        params: IdParams,
        headers: TusHeaders,
        response: { 200: Headers, ...problems(401, 403, 404, 412) },
      },
    },
    async (request, reply) => tell(reply, await app.uploads.resumable.status(request.actor, request.params.id)).send(),
  )

  app.patch(
    '/api/uploads/tus/:id',
    {
      config: { ...write, body: 'streamed', needs: 'own' },
      schema: {
        tags,
        operationId: 'appendTusUpload',
        summary: 'Send more of a resumable upload (tus)',
        description: 'The body is application/offset+octet-stream. What arrives before the connection breaks is kept.',
        params: IdParams,
        headers: TusAppendHeaders,
        response: { 204: NoContent, ...problems(401, 403, 404, 409, 412, 413, 415, 422, 507) },
      },
    },
    async (request, reply) => {
      if (request.headers['content-type'] !== 'application/offset+octet-stream') {
        throw problem('UNSUPPORTED_MEDIA_TYPE', { detail: 'Send application/offset+octet-stream' })
      }
      const { 'upload-offset': offset } = request.headers
      const now = await app.uploads.resumable.append(request.actor, request.params.id, offset, request.raw)
      return tell(reply, now).code(204).send(null)
    },
  )

  app.delete(
    '/api/uploads/tus/:id',
    {
      config: { ...write, limit: 'write', needs: 'own' },
      schema: {
        tags,
        operationId: 'cancelTusUpload',
        summary: 'Give a resumable upload up (tus)',
        params: IdParams,
        headers: TusHeaders,
        response: { 204: NoContent, ...problems(401, 403, 404, 409, 412) },
      },
    },
    async (request, reply) => {
      await app.uploads.resumable.cancel(request.actor, request.params.id)
      return reply.code(204).send(null)
    },
  )
}

export default tusRoutes

import multipart from '@fastify/multipart'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import Type from 'typebox'
import { problem } from '../../src/contracts/errors.ts'
import { IdParams, NoContent, problems, Ref } from '../../src/contracts/http.ts'
import {
  ContentQuery,
  SignedContentQuery,
  SignedUrl,
  SignedUrlBody,
  Upload,
  UploadBatch,
  UploadForm,
  UploadListQuery,
  UploadPage,
  UploadQuery,
} from '../../src/uploads/model.ts'
import tusRoutes from './tus.ts'

const tags = ['uploads']
const read = { auth: 'user', limit: 'read', scope: 'uploads:read' } as const
const write = { auth: 'user', limit: 'upload', scope: 'uploads:write' } as const

const FORM_LIMITS = {
  files: 100,
  fields: 10,
  fieldSize: 1024,
  fieldNameSize: 100,
  headerPairs: 20,
  fileSize: Number.POSITIVE_INFINITY,
}

const content = {
  description: 'The content',
  content: { '*/*': { schema: Type.Any() } },
} as unknown as typeof NoContent
const contentResponse = {
  200: content,
  206: { ...content, description: 'A range of it, or several as multipart/byteranges' },
  304: NoContent,
}

/** What of a request decides how content is answered. */
const wanted = ({ method, headers }: FastifyRequest, disposition: 'attachment' | 'inline') => ({
  method,
  disposition,
  range: headers.range,
  ifRange: headers['if-range'] as string | undefined,
  ifNoneMatch: headers['if-none-match'],
})

type Download = Awaited<ReturnType<FastifyRequest['server']['uploads']['download']>>
const send = (reply: FastifyReply, { status, headers, body }: Download) =>
  reply.code(status).headers(headers).send(body)

/** Uploaded files. */
const uploadRoutes: FastifyPluginAsyncTypebox = async (app) => {
  await app.register(tusRoutes)
  // Here and not app-wide: its hooks would cost every request of the server.
  await app.register(multipart, { limits: FORM_LIMITS, throwFileSizeLimit: false })

  app.post(
    '/api/uploads',
    {
      config: { ...write, body: 'streamed', needs: 'uploads:write' },
      // The form is read as a stream, in the handler; its schema is for the documentation.
      preValidation: async (request) => {
        if (!request.isMultipart()) throw problem('UNSUPPORTED_MEDIA_TYPE', { detail: 'Send multipart/form-data' })
        request.body = {}
      },
      schema: {
        tags,
        operationId: 'createUpload',
        summary: 'Upload a file, or several',
        consumes: ['multipart/form-data'],
        querystring: UploadQuery,
        body: UploadForm,
        response: {
          201: Type.Union([Ref(Upload), Ref(UploadBatch)]),
          ...problems(401, 403, 404, 409, 413, 415, 422, 507),
        },
      },
    },
    async (request, reply) => {
      const length = Number(request.headers['content-length'])
      const made = await app.uploads.create(request.actor, request.parts(), {
        workspaceId: request.query.workspaceId,
        contentLength: Number.isSafeInteger(length) ? length : undefined,
        once: (digest, work) => request.once(reply, digest, work),
      })
      if (made === undefined) return reply
      if ('id' in made) reply.header('location', `/api/uploads/${made.id}`)
      return reply.code(201).send(made)
    },
  )

  app.get(
    '/api/uploads',
    {
      config: { ...read, needs: 'uploads:read' },
      schema: {
        tags,
        operationId: 'listUploads',
        summary: 'Uploads of a workspace, newest first',
        querystring: UploadListQuery,
        response: { 200: UploadPage, ...problems(401, 404) },
      },
    },
    (request) => app.uploads.list(request.actor, request.query),
  )

  app.get(
    '/api/uploads/:id',
    {
      config: { ...read, needs: 'uploads:read' },
      schema: {
        tags,
        operationId: 'getUpload',
        summary: 'One upload',
        params: IdParams,
        response: { 200: Ref(Upload), ...problems(401, 404) },
      },
    },
    (request) => app.uploads.get(request.actor, request.params.id),
  )

  app.delete(
    '/api/uploads/:id',
    {
      config: { ...write, limit: 'write', needs: 'uploads:write' },
      schema: {
        tags,
        operationId: 'deleteUpload',
        summary: 'Delete an upload',
        params: IdParams,
        response: { 204: NoContent, ...problems(401, 403, 404, 412) },
      },
    },
    async (request, reply) => {
      await app.uploads.remove(request.actor, request.params.id, request.headers['if-match'])
      return reply.code(204).send(null)
    },
  )

  app.post(
    '/api/uploads/:id/url',
    {
      config: { ...read, limit: 'write', needs: 'uploads:read' },
      schema: {
        tags,
        operationId: 'signUploadUrl',
        summary: 'A link to the content that works without a token for a while',
        params: IdParams,
        body: SignedUrlBody,
        response: { 200: Ref(SignedUrl), ...problems(401, 404) },
      },
    },
    (request) => {
      const origin = app.config.PUBLIC_URL ?? `${request.protocol}://${request.host}`
      return app.uploads.sign(request.actor, request.params.id, request.body, origin)
    },
  )

  app.route({
    method: 'GET',
    url: '/api/uploads/:id/content',
    config: { ...read, needs: 'uploads:read' },
    schema: {
      tags,
      operationId: 'getUploadContent',
      summary: 'The content of an upload, also in ranges',
      params: IdParams,
      querystring: ContentQuery,
      response: { ...contentResponse, ...problems(401, 404, 416, 422) },
    },
    handler: async (request, reply) => {
      const file = await app.uploads.readable(request.actor, request.params.id)
      return send(reply, await app.uploads.download(file, wanted(request, request.query.disposition)))
    },
  })

  app.route({
    method: 'GET',
    url: '/api/uploads/:id/signed',
    config: { auth: 'public', limit: 'read' },
    schema: {
      tags,
      operationId: 'getSignedUploadContent',
      summary: 'The content of an upload by a signed URL',
      params: IdParams,
      querystring: SignedContentQuery,
      response: { ...contentResponse, ...problems(403, 404, 416, 422) },
    },
    handler: async (request, reply) => {
      const file = await app.uploads.signed(request.params.id, request.query)
      const download = await app.uploads.download(file, wanted(request, request.query.disposition))
      // The link is made to be used from other pages.
      return send(reply.header('cross-origin-resource-policy', 'cross-origin'), download)
    },
  })
}

export default uploadRoutes

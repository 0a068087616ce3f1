import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { IdParams, NoContent, problems, Ref } from '../src/contracts/http.ts'
import { Annotation, AnnotationBody, AnnotationListQuery, AnnotationPage } from '../src/graph/model-annotations.ts'

const tags = ['graph']
const write = { auth: 'user', limit: 'write', scope: 'graph:write' } as const

/** Notes of people on nodes. */
const annotationRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/api/nodes/:id/annotations',
    {
      config: { auth: 'user', limit: 'read', scope: 'graph:read', needs: 'graph:read' },
      schema: {
        tags,
        operationId: 'listAnnotations',
        summary: 'Notes on a node, newest first',
        params: IdParams,
        querystring: AnnotationListQuery,
        response: { 200: AnnotationPage, ...problems(401, 404) },
      },
    },
    (request) => app.graph.annotations.list(request.actor, request.params.id, request.query),
  )

  app.post(
    '/api/nodes/:id/annotations',
    {
      config: { ...write, needs: 'graph:annotate' },
      schema: {
        tags,
        operationId: 'annotateNode',
        summary: 'Note something on a node; the note stays with it over all revisions',
        params: IdParams,
        body: AnnotationBody,
        response: { 201: Ref(Annotation), ...problems(401, 403, 404, 409) },
      },
    },
    async (request, reply) => {
      const note = await app.graph.annotations.add(request.actor, request.params.id, request.body.text)
      return reply.code(201).send(note)
    },
  )

  app.delete(
    '/api/annotations/:id',
    {
      config: { ...write, needs: 'graph:moderate' },
      schema: {
        tags,
        operationId: 'deleteAnnotation',
        summary: 'Take a note away: your own, or any as an administrator of the workspace',
        params: IdParams,
        response: { 204: NoContent, ...problems(401, 403, 404) },
      },
    },
    async (request, reply) => {
      await app.graph.annotations.remove(request.actor, request.params.id)
      return reply.code(204).send(null)
    },
  )
}

export default annotationRoutes

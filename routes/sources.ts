import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import Type from 'typebox'
import { Id, IdParams, ListQuery, NoContent, problems, Ref } from '../src/contracts/http.ts'
import {
  Analysis,
  AnalyzeBody,
  Revision,
  RevisionPage,
  Source,
  SourceListQuery,
  SourcePage,
} from '../src/graph/model-sources.ts'

const tags = ['graph']
const read = { auth: 'user', limit: 'read', scope: 'graph:read' } as const
const write = { auth: 'user', limit: 'write', scope: 'graph:write' } as const
const RevisionParams = Type.Object(
  { id: Id, revision: Type.Integer({ minimum: 1, maximum: 2_147_483_647 }) },
  { additionalProperties: false },
)

/** Sources, their revisions, and the order to analyse. */
const sourceRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.post(
    '/api/analyze',
    {
      config: { ...write, needs: 'graph:write' },
      schema: {
        tags,
        operationId: 'analyze',
        summary: 'Analyse uploads into a new source, or into the next revision of one',
        description: 'The analysis is a job: follow it on `job:<id>`, and the graph on `source:<id>`.',
        body: AnalyzeBody,
        response: { 202: Analysis, ...problems(401, 403, 404, 422) },
      },
    },
    async (request, reply) => {
      const analysis = await app.graph.sources.analyze(request.actor, request.body)
      return reply.code(202).header('location', `/api/jobs/${analysis.job.id}`).send(analysis)
    },
  )

  app.get(
    '/api/sources',
    {
      config: { ...read, needs: 'graph:read' },
      schema: {
        tags,
        operationId: 'listSources',
        summary: 'Sources of a workspace, newest first',
        querystring: SourceListQuery,
        response: { 200: SourcePage, ...problems(401, 404) },
      },
    },
    (request) => app.graph.sources.list(request.actor, request.query),
  )

  app.get(
    '/api/sources/:id',
    {
      config: { ...read, needs: 'graph:read' },
      schema: {
        tags,
        operationId: 'getSource',
        summary: 'One source',
        params: IdParams,
        response: { 200: Ref(Source), ...problems(401, 404) },
      },
    },
    (request) => app.graph.sources.get(request.actor, request.params.id),
  )

  app.delete(
    '/api/sources/:id',
    {
      config: { ...write, needs: 'graph:write' },
      schema: {
        tags,
        operationId: 'deleteSource',
        summary: 'Delete a source and its graph; its uploads stay',
        params: IdParams,
        response: { 204: NoContent, ...problems(401, 403, 404, 412) },
      },
    },
    async (request, reply) => {
      await app.graph.sources.remove(request.actor, request.params.id, request.headers['if-match'])
      return reply.code(204).send(null)
    },
  )

  app.get(
    '/api/sources/:id/revisions',
    {
      config: { ...read, needs: 'graph:read' },
      schema: {
        tags,
        operationId: 'listRevisions',
        summary: 'Analyses of a source, newest first, those that wait or failed included',
        params: IdParams,
        querystring: ListQuery,
        response: { 200: RevisionPage, ...problems(401, 404) },
      },
    },
    (request) => app.graph.sources.revisions(request.actor, request.params.id, request.query),
  )

  app.get(
    '/api/sources/:id/revisions/:revision',
    {
      config: { ...read, needs: 'graph:read' },
      schema: {
        tags,
        operationId: 'getRevision',
        summary: 'One finished analysis by its number',
        params: RevisionParams,
        response: { 200: Ref(Revision), ...problems(401, 404) },
      },
    },
    (request) => app.graph.sources.revision(request.actor, request.params.id, request.params.revision),
  )
}

export default sourceRoutes

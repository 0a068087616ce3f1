import { createHash } from 'node:crypto'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import Type from 'typebox'
import { IdParams, problems } from '../src/contracts/http.ts'
import {
  Cycles,
  CyclesQuery,
  ExportQuery,
  GraphNodeDetail,
  GraphPage,
  GraphPath,
  GraphQuery,
  GraphSelector,
  Impact,
  ImpactQuery,
  Neighborhood,
  NeighborsQuery,
  NodeQuery,
  PathQuery,
} from '../src/graph/model.ts'
import { contentDisposition } from '../src/lib/content-disposition.ts'

const tags = ['graph']
const config = { auth: 'user', limit: 'read', scope: 'graph:read' } as const

/** The ETag of everything that follows from a revision: revisions never change. */
const tag = (reply: FastifyReply, { sourceId, revision }: { sourceId: string; revision: number }, more = '') =>
  reply.header('etag', `"${sourceId.slice(-12)}-r${revision}${more}"`).header('cache-control', 'private, no-cache')

const EXPORT_TYPES = [
  ...['application/json', 'application/vnd.jgf+json', 'application/graphml+xml', 'application/gexf+xml'],
  ...['text/vnd.graphviz', 'text/vnd.mermaid', 'text/csv', 'application/x-cypher-query'],
]

const content = (types: readonly string[], description: string) =>
  ({
    description,
    content: Object.fromEntries(types.map((type) => [type, { schema: Type.Any() }])),
  }) as unknown as ReturnType<typeof Type.Any>

/** Nodes and edges of sources: pages, neighbours, exports and the picture. */
const graphRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/api/graph',
    {
      config: { ...config, needs: 'graph:read' },
      schema: {
        tags,
        operationId: 'getGraph',
        summary: 'Nodes and edges of a source, by pages of nodes',
        querystring: GraphQuery,
        response: { 200: GraphPage, ...problems(401, 404) },
      },
    },
    async (request, reply) => {
      const page = await app.graph.queries.page(request.actor, request.query)
      return tag(reply, page).send(page)
    },
  )

  app.get(
    '/api/nodes/:id',
    {
      config: { ...config, needs: 'graph:read' },
      schema: {
        tags,
        operationId: 'getNode',
        summary: 'One node, with its numbers of edges',
        params: IdParams,
        querystring: NodeQuery,
        response: { 200: GraphNodeDetail, ...problems(401, 404) },
      },
    },
    async (request, reply) => {
      const node = await app.graph.queries.node(request.actor, request.params.id, request.query.revision)
      // Notes come and go within a revision.
      const notes = node.annotations.map(({ id }) => id.slice(-12)).join('')
      return tag(reply, node, notes === '' ? '' : `-${createHash('sha256').update(notes).digest('base64url')}`).send(
        node,
      )
    },
  )

  app.get(
    '/api/nodes/:id/neighbors',
    {
      config: { ...config, needs: 'graph:read' },
      schema: {
        tags,
        operationId: 'getNeighbors',
        summary: 'What is around a node, nearest first',
        params: IdParams,
        querystring: NeighborsQuery,
        response: { 200: Neighborhood, ...problems(401, 404) },
      },
    },
    async (request, reply) => {
      const around = await app.graph.queries.neighbors(request.actor, request.params.id, request.query)
      return tag(reply, around).send(around)
    },
  )

  app.get(
    '/api/nodes/:id/impact',
    {
      config: { ...config, needs: 'graph:read' },
      schema: {
        tags,
        operationId: 'getImpact',
        summary: 'What depends on a node, directly or through others, nearest first',
        params: IdParams,
        querystring: ImpactQuery,
        response: { 200: Impact, ...problems(401, 404) },
      },
    },
    async (request, reply) => {
      const answer = await app.graph.traversals.impact(request.actor, request.params.id, request.query)
      return tag(reply, answer).send(answer)
    },
  )

  app.get(
    '/api/graph/path',
    {
      config: { ...config, needs: 'graph:read' },
      schema: {
        tags,
        operationId: 'getGraphPath',
        summary: 'The shortest way from one node to another',
        querystring: PathQuery,
        response: { 200: GraphPath, ...problems(401, 404, 422) },
      },
    },
    async (request, reply) => {
      const answer = await app.graph.traversals.path(request.actor, request.query)
      return tag(reply, answer).send(answer)
    },
  )

  app.get(
    '/api/graph/cycles',
    {
      config: { ...config, needs: 'graph:read' },
      schema: {
        tags,
        operationId: 'getGraphCycles',
        summary: 'Files that import each other in a circle',
        querystring: CyclesQuery,
        response: { 200: Cycles, ...problems(401, 404) },
      },
    },
    async (request, reply) => {
      const answer = await app.graph.traversals.cycles(request.actor, request.query)
      return tag(reply, answer).send(answer)
    },
  )

  app.get(
    '/api/export',
    {
      config: { ...config, needs: 'graph:read' },
      schema: {
        tags,
        operationId: 'exportGraph',
        summary: 'The whole graph as a file: JSON, JSON Graph, GraphML, GEXF, DOT, Mermaid, CSV or Cypher',
        querystring: ExportQuery,
        response: { 200: content(EXPORT_TYPES, 'The graph'), ...problems(401, 404, 422) },
      },
    },
    async (request, reply) => {
      const file = await app.graph.export(request.actor, request.query)
      tag(reply, file).type(file.contentType)
      return reply.header('content-disposition', contentDisposition('attachment', file.fileName)).send(file.body)
    },
  )

  app.get(
    '/api/graph/picture.svg',
    {
      config: { ...config, needs: 'graph:read' },
      schema: {
        tags,
        operationId: 'getGraphPicture',
        summary: 'Files in their folders with what they import and link; cycles in colour',
        querystring: GraphSelector,
        response: { 200: content(['image/svg+xml'], 'The picture'), ...problems(401, 404) },
      },
    },
    async (request, reply) => {
      const picture = await app.graph.paint(request.actor, request.query)
      return tag(reply, picture).type('image/svg+xml; charset=utf-8').send(picture.svg)
    },
  )
}

export default graphRoutes

import { createHash } from 'node:crypto'
import type { FastifyPluginAsync } from 'fastify'
import Type from 'typebox'
import { ExportQuery, GraphNodeDetail, GraphPage, GraphQuery, GraphSelector, NodeQuery } from '../../src/graph/model.ts'
import {
  Cycles,
  CyclesQuery,
  GraphPath,
  Impact,
  ImpactQuery,
  Neighborhood,
  NeighborsQuery,
  PathQuery,
} from '../../src/graph/model-walks.ts'
import { contentDisposition } from '../../src/lib/content-disposition.ts'
import insightRoutes from './insights.ts'
import { ask, tag } from './question.ts'

const EXPORT_TYPES = [
  ...['application/json', 'application/vnd.jgf+json', 'application/graphml+xml', 'application/gexf+xml'],
  ...['text/vnd.graphviz', 'text/vnd.mermaid', 'text/csv', 'application/x-cypher-query'],
]

const content = (types: readonly string[], description: string) =>
  ({
    description,
    content: Object.fromEntries(types.map((type) => [type, { schema: Type.Any() }])),
  }) as unknown as ReturnType<typeof Type.Any>

/** Notes come and go within a revision. */
function notesTag(annotations: readonly { id: string }[]): string {
  const notes = annotations.map(({ id }) => id.slice(-12)).join('')
  return notes === '' ? '' : `${createHash('sha256').update(notes).digest('base64url')}-`
}

/** Nodes and edges of sources: pages, walks, exports and the picture; and questions about whole graphs. */
const graphRoutes: FastifyPluginAsync = async (app) => {
  ask(
    app,
    '/api/graph',
    {
      operationId: 'getGraph',
      summary: 'Nodes and edges of a source, by pages of nodes',
      querystring: GraphQuery,
      answer: GraphPage,
    },
    ({ actor, query }) => app.graph.queries.page(actor, query),
  )
  ask(
    app,
    '/api/nodes/:id',
    {
      operationId: 'getNode',
      summary: 'One node, with its numbers of edges',
      querystring: NodeQuery,
      answer: GraphNodeDetail,
    },
    ({ actor, query, id }) => app.graph.queries.node(actor, id, query.revision),
    (reply, node) => tag(reply, node, notesTag(node.annotations)).send(node),
  )
  ask(
    app,
    '/api/nodes/:id/neighbors',
    {
      operationId: 'getNeighbors',
      summary: 'What is around a node, nearest first',
      querystring: NeighborsQuery,
      answer: Neighborhood,
    },
    ({ actor, query, id }) => app.graph.queries.neighbors(actor, id, query),
  )
  ask(
    app,
    '/api/nodes/:id/impact',
    {
      operationId: 'getImpact',
      summary: 'What depends on a node, directly or through others, nearest first',
      querystring: ImpactQuery,
      answer: Impact,
    },
    ({ actor, query, id }) => app.graph.traversals.impact(actor, id, query),
  )
  ask(
    app,
    '/api/graph/path',
    {
      operationId: 'getGraphPath',
      summary: 'The shortest way from one node to another',
      querystring: PathQuery,
      answer: GraphPath,
      errors: [422],
    },
    ({ actor, query }) => app.graph.traversals.path(actor, query),
  )
  ask(
    app,
    '/api/graph/cycles',
    {
      operationId: 'getGraphCycles',
      summary: 'Files that import each other in a circle',
      querystring: CyclesQuery,
      answer: Cycles,
    },
    ({ actor, query }) => app.graph.traversals.cycles(actor, query),
  )
  ask(
    app,
    '/api/export',
    {
      operationId: 'exportGraph',
      summary: 'The whole graph as a file: JSON, JSON Graph, GraphML, GEXF, DOT, Mermaid, CSV or Cypher',
      querystring: ExportQuery,
      answer: content(EXPORT_TYPES, 'The graph'),
      errors: [422],
    },
    ({ actor, query }) => app.graph.export(actor, query),
    (reply, file) =>
      tag(reply, file)
        .type(file.contentType)
        .header('content-disposition', contentDisposition('attachment', file.fileName))
        .send(file.body),
  )
  ask(
    app,
    '/api/graph/picture.svg',
    {
      operationId: 'getGraphPicture',
      summary: 'Files in their folders with what they import and link; cycles in colour',
      querystring: GraphSelector,
      answer: content(['image/svg+xml'], 'The picture'),
    },
    ({ actor, query }) => app.graph.paint(actor, query),
    (reply, picture) => tag(reply, picture).type('image/svg+xml; charset=utf-8').send(picture.svg),
  )
  await app.register(insightRoutes)
}

export default graphRoutes

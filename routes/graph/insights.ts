import type { FastifyPluginAsync } from 'fastify'
import {
  Communities,
  CommunitiesQuery,
  GraphDiff,
  GraphDiffQuery,
  GraphSearch,
  GraphSearchQuery,
  InsightQuery,
  Ranking,
  RankQuery,
  Unresolved,
  Unused,
  UnusedQuery,
} from '../../src/graph/model-insights.ts'
import { ask, tag } from './question.ts'

/** Questions about whole graphs: importance, groups, search, loose ends, and how two revisions differ. */
const graphInsightRoutes: FastifyPluginAsync = async (app) => {
  ask(
    app,
    '/api/graph/rank',
    {
      operationId: 'getGraphRank',
      summary: 'Nodes by importance: what much depends on comes first',
      querystring: RankQuery,
      answer: Ranking,
    },
    ({ actor, query }) => app.graph.insights.rank(actor, query),
  )
  ask(
    app,
    '/api/graph/communities',
    {
      operationId: 'getGraphCommunities',
      summary: 'Groups of nodes that have much to do with each other',
      querystring: CommunitiesQuery,
      answer: Communities,
    },
    ({ actor, query }) => app.graph.insights.communities(actor, query),
  )
  ask(
    app,
    '/api/graph/search',
    {
      operationId: 'searchGraph',
      summary: 'Nodes by name, path and text, best first',
      querystring: GraphSearchQuery,
      answer: GraphSearch,
    },
    ({ actor, query }) => app.graph.insights.search(actor, query),
  )
  ask(
    app,
    '/api/graph/unresolved',
    {
      operationId: 'getGraphUnresolved',
      summary: 'Names that are used and were not found',
      querystring: InsightQuery,
      answer: Unresolved,
    },
    ({ actor, query }) => app.graph.insights.unresolved(actor, query),
  )
  ask(
    app,
    '/api/graph/unused',
    {
      operationId: 'getGraphUnused',
      summary: 'Symbols that nothing in the source uses: candidates for dead code',
      querystring: UnusedQuery,
      answer: Unused,
    },
    ({ actor, query }) => app.graph.insights.unused(actor, query),
  )
  ask(
    app,
    '/api/graph/diff',
    {
      operationId: 'getGraphDiff',
      summary: 'How a later revision differs from an earlier one',
      querystring: GraphDiffQuery,
      answer: GraphDiff,
      errors: [422],
    },
    ({ actor, query }) => app.graph.insights.diff(actor, query),
    (reply, diff) => tag(reply, diff, `${diff.from}-`).send(diff),
  )
}

export default graphInsightRoutes

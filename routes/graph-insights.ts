import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply } from 'fastify'
import { problems } from '../src/contracts/http.ts'
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
} from '../src/graph/model-insights.ts'

const tags = ['graph']
const config = { auth: 'user', limit: 'read', scope: 'graph:read', needs: 'graph:read' } as const

/** The ETag of everything that follows from a revision: revisions never change. */
const tag = (reply: FastifyReply, { sourceId, revision }: { sourceId: string; revision: number }, from?: number) =>
  reply
    .header('etag', `"${sourceId.slice(-12)}-r${from === undefined ? '' : `${from}-`}${revision}"`)
    .header('cache-control', 'private, no-cache')

/** Questions about whole graphs: importance, groups, search, loose ends, and how two revisions differ. */
const graphInsightRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.get(
    '/api/graph/rank',
    {
      config,
      schema: {
        tags,
        operationId: 'getGraphRank',
        summary: 'Nodes by importance: what much depends on comes first',
        querystring: RankQuery,
        response: { 200: Ranking, ...problems(401, 404) },
      },
    },
    async (request, reply) => {
      const answer = await app.graph.insights.rank(request.actor, request.query)
      return tag(reply, answer).send(answer)
    },
  )

  app.get(
    '/api/graph/communities',
    {
      config,
      schema: {
        tags,
        operationId: 'getGraphCommunities',
        summary: 'Groups of nodes that have much to do with each other',
        querystring: CommunitiesQuery,
        response: { 200: Communities, ...problems(401, 404) },
      },
    },
    async (request, reply) => {
      const answer = await app.graph.insights.communities(request.actor, request.query)
      return tag(reply, answer).send(answer)
    },
  )

  app.get(
    '/api/graph/search',
    {
      config,
      schema: {
        tags,
        operationId: 'searchGraph',
        summary: 'Nodes by name, path and text, best first',
        querystring: GraphSearchQuery,
        response: { 200: GraphSearch, ...problems(401, 404) },
      },
    },
    async (request, reply) => {
      const answer = await app.graph.insights.search(request.actor, request.query)
      return tag(reply, answer).send(answer)
    },
  )

  app.get(
    '/api/graph/unresolved',
    {
      config,
      schema: {
        tags,
        operationId: 'getGraphUnresolved',
        summary: 'Names that are used and were not found',
        querystring: InsightQuery,
        response: { 200: Unresolved, ...problems(401, 404) },
      },
    },
    async (request, reply) => {
      const answer = await app.graph.insights.unresolved(request.actor, request.query)
      return tag(reply, answer).send(answer)
    },
  )

  app.get(
    '/api/graph/unused',
    {
      config,
      schema: {
        tags,
        operationId: 'getGraphUnused',
        summary: 'Symbols that nothing in the source uses: candidates for dead code',
        querystring: UnusedQuery,
        response: { 200: Unused, ...problems(401, 404) },
      },
    },
    async (request, reply) => {
      const answer = await app.graph.insights.unused(request.actor, request.query)
      return tag(reply, answer).send(answer)
    },
  )

  app.get(
    '/api/graph/diff',
    {
      config,
      schema: {
        tags,
        operationId: 'getGraphDiff',
        summary: 'How a later revision differs from an earlier one',
        querystring: GraphDiffQuery,
        response: { 200: GraphDiff, ...problems(401, 404, 422) },
      },
    },
    async (request, reply) => {
      const answer = await app.graph.insights.diff(request.actor, request.query)
      return tag(reply, answer, answer.from).send(answer)
    },
  )
}

export default graphInsightRoutes

import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Static, TSchema } from 'typebox'
import { IdParams, problems } from '../../src/contracts/http.ts'
import type { Actor } from '../../src/contracts/policy.ts'

const config = { auth: 'user', limit: 'read', scope: 'graph:read', needs: 'graph:read' } as const

/** What follows from a revision of a source alone. */
interface OfRevision {
  sourceId: string
  revision: number
}

/** What a question to a graph is made of. */
export interface Question<Query extends TSchema> {
  operationId: string
  summary: string
  querystring: Query
  /** Schema of the answer. */
  answer: TSchema
  /** Statuses of its errors beside 401 and 404. */
  errors?: number[]
}

/** What is asked: by whom, with which query, about which record where the path names one. */
export interface Asked<Query extends TSchema> {
  actor: Actor
  query: Static<Query>
  id: string
}

/** The ETag of everything that follows from a revision: revisions never change. `more` is what else it depends on. */
export const tag = (reply: FastifyReply, { sourceId, revision }: OfRevision, more = '') =>
  reply.header('etag', `"${sourceId.slice(-12)}-r${more}${revision}"`).header('cache-control', 'private, no-cache')

/** A question to a graph as a route: its answer has the revision as its ETag, and goes out as it is unless `send` does that. */
export function ask<Query extends TSchema, Answer extends OfRevision>(
  app: FastifyInstance,
  url: string,
  { operationId, summary, querystring, answer, errors = [] }: Question<Query>,
  find: (asked: Asked<Query>) => Promise<Answer>,
  send: (reply: FastifyReply, answer: Answer) => FastifyReply = (reply, found) => tag(reply, found).send(found),
): void {
  const params = url.includes('/:id') ? { params: IdParams } : {}
  const response = { 200: answer, ...problems(401, 404, ...errors) }
  app.get<{ Params: { id: string }; Querystring: Static<Query> }>(
    url,
    { config, schema: { tags: ['graph'], operationId, summary, ...params, querystring, response } },
    async ({ actor, query, params: { id } }, reply) =>
      send(reply, await find({ actor, query: query as Static<Query>, id })),
  )
}

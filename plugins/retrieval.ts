import fp from 'fastify-plugin'
import type { Retrieval } from '../src/contracts/retrieval.ts'
import { createRetrieval } from '../src/retrieval/index.ts'

declare module 'fastify' {
  interface FastifyInstance {
    retrieval: Retrieval
  }
}

/** What stands in a workspace about a text, as `app.retrieval`: for the assistant, the search and the graph. */
export default fp(
  async (app) => {
    app.decorate('retrieval', createRetrieval(app.db.sql))
  },
  { name: 'retrieval', dependencies: ['db'] },
)

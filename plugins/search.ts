import fp from 'fastify-plugin'
import { Highlight, SearchResult } from '../src/search/model.ts'
import { createSearch, type Search } from '../src/search/service.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Search over messages, documents and symbols. */
    finder: Search
  }
}

/** The search as `app.finder`. */
export default fp(
  async (app) => {
    for (const schema of [Highlight, SearchResult]) app.addSchema(schema)
    app.decorate(
      'finder',
      createSearch({ db: app.db, retrieval: app.retrieval, resolveWorkspace: app.workspaces.resolve }),
    )
  },
  { name: 'search', dependencies: ['db', 'retrieval', 'workspaces'] },
)

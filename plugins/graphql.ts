import fp from 'fastify-plugin'
import type { WebSocket } from 'ws'
import type { Graphql } from '../src/graph/graphql/index.ts'
import { toProblem } from '../src/http/to-problem.ts'
import { createGuest } from '../src/sockets/guest.ts'

declare module 'fastify' {
  interface FastifyInstance {
    graphql: {
      /** Carries out a query or mutation with the rights of an actor. */
      execute(...request: Parameters<Graphql['execute']>): ReturnType<Graphql['execute']>
      /** Takes over an open socket for subscriptions. */
      open(socket: WebSocket, upgrade: ReturnType<FastifyInstance['upgrades']['take']>): Promise<void>
    }
  }
}

/** GraphQL over the services of the graph, as `app.graphql`. The route is routes/graphql.ts. */
export default fp(
  async (app) => {
    let loaded: Promise<Graphql> | undefined
    // Neither the library nor the schema is there before somebody asks: most servers are never asked, and both cost start-up time and memory.
    const load = async () => {
      const { createGraphql } = await import('../src/graph/graphql/index.ts')
      return createGraphql({
        ...app.graph.graphql,
        job: (actor, id) => app.jobs.service.get(actor, id),
        introspection: app.config.NODE_ENV !== 'production',
        toProblem: (error) => {
          const known = toProblem(error)
          if (known.status >= 500) app.log.error({ err: error }, 'graphql')
          return known
        },
      })
    }
    const graphql = () => {
      loaded ??= load()
      return loaded
    }
    app.decorate('graphql', {
      execute: async (...request) => (await graphql()).execute(...request),
      async open(socket, { token, address }) {
        const guest = createGuest(app.hub, socket, address)
        if (guest === undefined) return
        // What comes meanwhile waits in the socket.
        socket.pause()
        try {
          const { open } = await graphql()
          open(socket, { guest, token })
        } finally {
          socket.resume()
        }
      },
    })
  },
  { name: 'graphql', dependencies: ['config', 'graph', 'jobs', 'websockets', 'upgrades'] },
)

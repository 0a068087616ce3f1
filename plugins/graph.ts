import { join } from 'node:path'
import fp from 'fastify-plugin'
import { createGraph, type Graph } from '../src/graph/index.ts'
import { createMemory } from '../src/graph/memory.ts'
import { GraphEdge, GraphNode, GraphUpdate } from '../src/graph/model.ts'
import { Annotation } from '../src/graph/model-annotations.ts'
import { Revision, Source } from '../src/graph/model-sources.ts'
import { unpack } from '../src/uploads/archive/unpack.ts'

declare module 'fastify' {
  interface FastifyInstance {
    graph: Graph
  }
}

/** Graphs of code and documents as `app.graph`. Registers the job `source.analyze` and the topic `source:<id>`. */
export default fp(
  async (app) => {
    for (const schema of [Source, Revision, GraphUpdate, GraphNode, GraphEdge, Annotation]) app.addSchema(schema)
    const { DATA_DIR, ANALYSIS_MAX_FILE_BYTES, ANALYSIS_MEMORY_MB, ANALYSIS_TIME_LIMIT } = app.config
    const graph = createGraph({
      db: app.db,
      cache: app.cache,
      retrieval: app.retrieval,
      workspaces: app.workspaces,
      uploads: app.uploads.reader,
      unpack,
      memory: createMemory(join(DATA_DIR, 'analysis')),
      job: (actor, id) => app.jobs.service.get(actor, id),
      limits: { maxFileBytes: ANALYSIS_MAX_FILE_BYTES, timeLimitMs: ANALYSIS_TIME_LIMIT * 1000 },
      analysisMemoryMb: ANALYSIS_MEMORY_MB,
    })
    app.decorate('graph', graph)
    app.addHook('onClose', async () => graph.close())
    app.jobs.handle('source.analyze', graph.analyze)
    app.hub.authorize('source', (actor, id) => graph.sources.get(actor, id))
    app.hub.project('graph.updated', ({ data }) => ({ ...data, type: 'graph_update' }))
  },
  {
    name: 'graph',
    dependencies: ['config', 'db', 'retrieval', 'cache', 'workspaces', 'uploads', 'jobs', 'websockets'],
  },
)

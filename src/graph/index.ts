import type { Database } from '../db/database.ts'
import { createExporter } from './export/index.ts'
import { createGraphRepository } from './graph-repository.ts'
import { createGraphQueries } from './graph-service.ts'
import type { AnalyzeDeps } from './jobs.ts'
import { createAnalyzeHandler } from './jobs.ts'
import { createPainter } from './picture/index.ts'
import { createSources, type SourceDeps } from './service.ts'
import { createTraversals } from './traversal.ts'

/** What the feature needs from the outside. */
export interface GraphOptions extends AnalyzeDeps, Pick<SourceDeps, 'job'> {
  db: Database
}

/** The graph feature, put together: sources and their order of analysis, queries, exports, the picture, and the job that analyses. */
export function createGraph(options: GraphOptions) {
  const sources = createSources(options)
  const repository = createGraphRepository(options.db.sql)
  return {
    sources,
    queries: createGraphQueries({ repository, sources, workspaces: options.workspaces }),
    traversals: createTraversals({ repository, sources, workspaces: options.workspaces }),
    export: createExporter({ repository, sources }),
    paint: createPainter({ repository, sources }),
    analyze: createAnalyzeHandler(options),
  }
}

/** See {@link createGraph}. */
export type Graph = ReturnType<typeof createGraph>

import type { Cache } from '../contracts/cache.ts'
import type { Retrieval } from '../contracts/retrieval.ts'
import type { Database } from '../db/database.ts'
import { createAnalysisRunner } from './analysis/run.ts'
import { createAnnotations } from './annotations.ts'
import { createExporter } from './export/index.ts'
import { createGraphRepository } from './graph-repository.ts'
import { createGraphQueries } from './graph-service.ts'
import { createInsightRepository } from './insight-repository.ts'
import { createInsights } from './insights.ts'
import type { AnalyzeDeps } from './jobs.ts'
import { createAnalyzeHandler } from './jobs.ts'
import { createPainter } from './picture/index.ts'
import { createSources, type SourceDeps } from './service.ts'
import { createTraversals } from './traversal.ts'
import { createWalkRepository } from './walk-repository.ts'

/** What the feature needs from the outside. */
export interface GraphOptions extends Omit<AnalyzeDeps, 'runner'>, Pick<SourceDeps, 'job'> {
  db: Database
  /** Heap of the thread that analyses, MiB. */
  analysisMemoryMb: number
  cache: Pick<Cache, 'wrap'>
  retrieval: Retrieval
}

/** How long the thread of an analysis waits for the next one, ms: as long as somebody who edits and looks again may take. */
const IDLE_MS = 60_000

/** The graph feature, put together: sources and their order of analysis, queries, exports, the picture, and the job that analyses. */
export function createGraph(options: GraphOptions) {
  const sources = createSources(options)
  const runner = createAnalysisRunner({ memoryLimitMb: options.analysisMemoryMb, idleMs: IDLE_MS })
  const repository = createGraphRepository(options.db.sql)
  const { workspaces } = options
  const walks = createWalkRepository(options.db.sql)
  const annotations = createAnnotations({ sql: options.db.sql, repository, workspaces })
  const queries = createGraphQueries({ repository, walks, sources, workspaces, annotations })
  const traversals = createTraversals({ repository, walks, sources, workspaces })
  const insights = createInsights({
    graph: repository,
    repository: createInsightRepository(options.db.sql),
    sources,
    cache: options.cache,
    retrieval: options.retrieval,
  })
  return {
    sources,
    queries,
    traversals,
    insights,
    annotations,
    /** What the GraphQL executor is made of. */
    graphql: { sources, queries, traversals, insights, annotations, repository },
    export: createExporter({ repository, sources }),
    paint: createPainter({ repository, sources, cache: options.cache }),
    analyze: createAnalyzeHandler({ ...options, runner }),
    /** Lets go of the thread that waits for the next analysis. */
    close: runner.close,
  }
}

/** See {@link createGraph}. */
export type Graph = ReturnType<typeof createGraph>

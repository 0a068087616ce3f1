import type { TransactionSql } from 'postgres'
import type { AnalysisResult, Passage, Plan } from '../analysis/types.ts'
import { copy } from './copy.ts'
import { type GraphDifference, incoming, mergeGraph, noDifference, prepare } from './graph.ts'
import { graphLines, passageLines, TABLES, type Table, type WriteAt } from './lines.ts'
import { mergePassages, writeFiles } from './passages.ts'

export type { Difference, GraphDifference } from './graph.ts'

/** Writes one revision into an open transaction while its analysis goes on: PostgreSQL indexes passages as the next files are parsed. */
export function createRevisionWriter(sql: TransactionSql, at: WriteAt) {
  let last: Promise<void> = Promise.resolve()
  let prepared: Promise<void> | undefined
  let plan: Plan = { fresh: true, changed: [], gone: [] }
  const next = (work: () => Promise<void>): Promise<void> => {
    last = last.then(work)
    // Whoever calls `finish` hears of the failure; until then it is nobody's.
    last.catch(() => {})
    return last
  }
  const ready = () => {
    prepared ??= prepare(sql, at)
    return prepared
  }
  const rows = (table: Table, lines: Uint8Array): Promise<void> =>
    next(async () => {
      await ready()
      await copy(sql, incoming(at, table), TABLES[table], lines)
    })

  return {
    at,
    /** Takes word of which files are read: the passages that come are theirs. */
    plan: (told: Plan) => {
      plan = told
      // While the files are parsed.
      if (told.fresh || told.changed.length > 0 || told.gone.length > 0) void next(ready)
    },
    /** Takes lines of one table as the analysis makes them; resolves when they are written. */
    rows,
    passages: (passages: Passage[]) => void rows('passages', passageLines(at, passages)),
    /** Nodes and edges that were not sent as lines. */
    graph: (result: Pick<AnalysisResult, 'nodes' | 'edges'>) => {
      for (const [table, lines] of graphLines(at, result)) void rows(table, lines)
    },
    /** Waits for what is under way and makes the revision of it. */
    async finish(
      { stats, scope }: Pick<AnalysisResult, 'stats' | 'scope'>,
      uploadOf: ReadonlyMap<string, string>,
    ): Promise<GraphDifference> {
      await last
      await writeFiles(sql, at.sourceId, uploadOf)
      // Nothing was linked again, so nothing was read either.
      if (scope?.length === 0) return noDifference()
      await ready()
      if (at.revision > 1) await mergePassages(sql, { sourceId: at.sourceId, arrived: incoming(at, 'passages') }, plan)
      return mergeGraph(sql, at, { nodes: stats.nodes, edges: stats.edges, scope })
    },
    /** Waits for what is under way, however it ends: a transaction cannot be rolled back in the middle of a copy. */
    settled: () =>
      last.then(
        () => {},
        () => {},
      ),
  }
}

/** See {@link createRevisionWriter}. */
export type RevisionWriter = ReturnType<typeof createRevisionWriter>

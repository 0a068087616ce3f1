import type { TransactionSql } from 'postgres'
import type { AnalysisResult, Passage, Plan } from '../analysis/types.ts'
import { type GraphDifference, type WriteAt, writeGraph } from './graph.ts'
import { addPassages, clearPassages, writeFiles } from './passages.ts'

export type { Difference, GraphDifference } from './graph.ts'

/** Writes one revision into an open transaction while its analysis goes on: PostgreSQL indexes passages as the next files are parsed. */
export function createRevisionWriter(sql: TransactionSql, at: WriteAt & { workspaceId: string }) {
  let last: Promise<void> = Promise.resolve()
  const next = (work: () => Promise<void>) => {
    last = last.then(work)
    // Whoever calls `finish` hears of the failure; until then it is nobody's.
    last.catch(() => {})
  }
  return {
    plan: (plan: Plan) => next(() => clearPassages(sql, at.sourceId, plan)),
    passages: (passages: Passage[]) => next(() => addPassages(sql, at, passages)),
    /** Waits for what is under way and writes the rest. */
    async finish(
      result: Pick<AnalysisResult, 'nodes' | 'edges' | 'scope'>,
      uploadOf: ReadonlyMap<string, string>,
    ): Promise<GraphDifference> {
      await last
      await writeFiles(sql, at.sourceId, uploadOf)
      return writeGraph(sql, at, result)
    },
    /** Waits for what is under way, however it ends: a transaction cannot be rolled back in the middle of a copy. */
    settled: () =>
      last.then(
        () => {},
        () => {},
      ),
  }
}

import { parentPort, workerData } from 'node:worker_threads'
import { type Division, divide } from './communities.ts'
import { type Links, pageRank } from './page-rank.ts'

/** What the worker is asked. */
export type MetricsTask = { kind: 'rank' | 'communities'; links: Links }
/** What it answers. */
export type MetricsAnswer = { rank: Float64Array } | { division: Division }

if (parentPort !== null) {
  const { kind, links } = workerData as MetricsTask
  parentPort.postMessage(kind === 'rank' ? { rank: pageRank(links) } : { division: divide(links) })
}

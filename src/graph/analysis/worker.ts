import { parentPort, workerData } from 'node:worker_threads'
import { analyze } from './analyze.ts'
import type { AnalysisInput, AnalysisResult, Progress } from './types.ts'

/** What the worker sends: progress, then the result in slices, so that no message blocks the receiver for long. */
export type WorkerMessage =
  | { type: 'progress'; progress: Progress }
  | { type: 'slice'; slice: Partial<AnalysisResult> }
  | { type: 'done'; stats: AnalysisResult['stats'] }

const SLICE = 2000
const MIN_INTERVAL_MS = 100

const port = parentPort
if (port !== null) {
  const send = (message: WorkerMessage) => port.postMessage(message)
  let last = { phase: '', at: 0 }
  const result = await analyze(workerData as AnalysisInput, (progress) => {
    const now = performance.now()
    const isFinal = progress.done === progress.total
    if (progress.phase === last.phase && !isFinal && now - last.at < MIN_INTERVAL_MS) return
    last = { phase: progress.phase, at: now }
    send({ type: 'progress', progress })
  })
  for (const key of ['nodes', 'edges', 'passages', 'notes'] as const) {
    for (let at = 0; at < result[key].length; at += SLICE) {
      send({ type: 'slice', slice: { [key]: result[key].slice(at, at + SLICE) } })
    }
  }
  send({ type: 'done', stats: result.stats })
}

import { parentPort, workerData } from 'node:worker_threads'
import { analyzeAgain } from './analyze.ts'
import type { AnalysisInput, AnalysisResult, Passage, Plan, Progress } from './types.ts'

/**
 * What the worker sends: progress, the plan and passages as they come, then the result in slices, so that no message blocks the receiver for long. `saved`
 * is the last one: the findings are kept for the next time, or could not be.
 */
export type WorkerMessage =
  | { type: 'progress'; progress: Progress }
  | { type: 'plan'; plan: Plan }
  | { type: 'passages'; passages: Passage[] }
  | { type: 'slice'; slice: Partial<AnalysisResult> }
  | { type: 'done'; stats: AnalysisResult['stats']; scope: AnalysisResult['scope'] }
  | { type: 'saved'; saved: boolean }

/** What the worker is given. */
export interface WorkerTask {
  input: AnalysisInput
  /** Whether passages are wanted as they come. */
  streamed: boolean
}

const SLICE = 2000
const MIN_INTERVAL_MS = 100

const port = parentPort
if (port !== null) {
  const { input, streamed } = workerData as WorkerTask
  const send = (message: WorkerMessage) => port.postMessage(message)
  let last = { phase: '', at: 0 }
  const onProgress = (progress: Progress) => {
    const now = performance.now()
    const isFinal = progress.done === progress.total
    if (progress.phase === last.phase && !isFinal && now - last.at < MIN_INTERVAL_MS) return
    last = { phase: progress.phase, at: now }
    send({ type: 'progress', progress })
  }
  const { result, save } = await analyzeAgain(input, {
    onProgress,
    onPlan: (plan) => send({ type: 'plan', plan }),
    ...(streamed ? { onPassages: (passages: Passage[]) => send({ type: 'passages', passages }) } : {}),
  })
  for (const key of ['nodes', 'edges', 'passages', 'notes'] as const) {
    for (let at = 0; at < result[key].length; at += SLICE) {
      send({ type: 'slice', slice: { [key]: result[key].slice(at, at + SLICE) } })
    }
  }
  send({ type: 'done', stats: result.stats, scope: result.scope })
  send({ type: 'saved', saved: attempt(save) })
}

/** A full disk is no reason to fail an analysis that is done. */
function attempt(save: () => void): boolean {
  try {
    save()
    return true
  } catch {
    return false
  }
}

import { Worker } from 'node:worker_threads'
import type { AnalysisInput, AnalysisResult, Progress } from './types.ts'
import type { WorkerMessage } from './worker.ts'

export interface RunOptions {
  onProgress?: (progress: Progress) => void
  /** Aborting ends the worker at once. */
  signal?: AbortSignal
  /** @defaultValue 10 minutes */
  timeLimitMs?: number
  /** Heap of the worker, in MiB. @defaultValue 1024 */
  memoryLimitMb?: number
}

/** Why an analysis ended without a result. */
export class AnalysisError extends Error {
  readonly reason: 'cancelled' | 'timeout' | 'memory' | 'failed'

  constructor(reason: AnalysisError['reason'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'AnalysisError'
    this.reason = reason
  }
}

/**
 * Runs an analysis in a worker thread, so that the event loop stays free and a runaway parse can be ended.
 * @throws AnalysisError when cancelled, over its time or memory, or when the worker fails
 */
export function runAnalysis(input: AnalysisInput, options: RunOptions = {}): Promise<AnalysisResult> {
  const { onProgress, signal, timeLimitMs = 600_000, memoryLimitMb = 1024 } = options
  if (signal?.aborted) return Promise.reject(new AnalysisError('cancelled', 'The analysis was cancelled'))
  return new Promise((resolve, reject) => {
    const worker = startWorker(input, memoryLimitMb)
    const result: Omit<AnalysisResult, 'stats'> = { nodes: [], edges: [], passages: [], notes: [] }
    const timer = setTimeout(() => fail(new AnalysisError('timeout', 'The analysis took too long')), timeLimitMs)
    const onAbort = () => fail(new AnalysisError('cancelled', 'The analysis was cancelled'))
    signal?.addEventListener('abort', onAbort, { once: true })

    function settle(): void {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      worker.removeAllListeners()
      worker.on('error', () => {})
      void worker.terminate()
    }
    function fail(error: AnalysisError): void {
      settle()
      reject(error)
    }
    worker.on('message', (message: WorkerMessage) => {
      if (message.type === 'progress') onProgress?.(message.progress)
      else if (message.type === 'slice') append(result, message.slice)
      else {
        settle()
        resolve({ ...result, stats: message.stats })
      }
    })
    worker.on('error', (cause: NodeJS.ErrnoException) => {
      const memory = cause.code === 'ERR_WORKER_OUT_OF_MEMORY'
      fail(
        new AnalysisError(
          memory ? 'memory' : 'failed',
          memory ? 'The analysis needs too much memory' : 'The analysis failed',
          { cause },
        ),
      )
    })
    worker.on('exit', (code) => fail(new AnalysisError('failed', `The analysis ended early (exit code ${code})`)))
  })
}

function append(result: Omit<AnalysisResult, 'stats'>, slice: Partial<AnalysisResult>): void {
  for (const key of ['nodes', 'edges', 'passages', 'notes'] as const) {
    const items = slice[key]
    if (items) (result[key] as unknown[]).push(...items)
  }
}

/** Under tsx (this file is .ts) the worker registers the same loader first; built code runs as it is. */
function startWorker(input: AnalysisInput, memoryLimitMb: number): Worker {
  const options = { workerData: input, resourceLimits: { maxOldGenerationSizeMb: memoryLimitMb }, name: 'analysis' }
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL('./worker.js', import.meta.url), options)
  const loader = import.meta.resolve('tsx/esm/api')
  const entry = new URL('./worker.ts', import.meta.url).href
  const code = `import(${JSON.stringify(loader)}).then(({ register }) => { register(); return import(${JSON.stringify(entry)}) })`
  return new Worker(code, { ...options, eval: true })
}

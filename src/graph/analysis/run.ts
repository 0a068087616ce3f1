import type { Worker } from 'node:worker_threads'
import { startWorker } from '../../lib/worker.ts'
import type { RevisionWriter } from '../writer/index.ts'
import type { Table } from '../writer/lines.ts'
import { createThreads, listen } from './threads.ts'
import type { AnalysisInput, AnalysisResult, Plan, Progress } from './types.ts'
import type { WorkerMessage, WorkerOrder } from './worker.ts'

/** Stack of the worker, for code that nests deeply; MAX_LEVELS in javascript/ast.ts goes by it. It is reserved, and taken only by what needs it. */
const STACK_MB = 512

export interface RunOptions {
  onProgress?: (progress: Progress) => void
  /** Told once, before anything is read. */
  onPlan?: (plan: Plan) => void
  /** Who writes it: is handed lines of its tables as they come, and the result then has no passages, nodes and edges. */
  writer?: Pick<RevisionWriter, 'at' | 'rows'>
  /** Aborting ends the worker at once. */
  signal?: AbortSignal
  /** @defaultValue 10 minutes */
  timeLimitMs?: number
}

/** Settings of the threads that analyses run in. */
export interface RunnerOptions {
  /** Heap of a thread, in MiB. @defaultValue 1024 */
  memoryLimitMb?: number
  /** How long a thread waits for the next analysis before it ends, ms; 0: not at all. @defaultValue 0 */
  idleMs?: number
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

/** A finished analysis; its findings may still be on their way to the disk. */
export interface FinishedAnalysis extends AnalysisResult {
  /** Resolves when the findings are kept for the next time (`memory.next`), false where they could not be. Never rejects. */
  saved: Promise<boolean>
}

/** Runs analyses in worker threads, so that the event loop stays free and a runaway parse can be ended. */
export function createAnalysisRunner({ memoryLimitMb = 1024, idleMs = 0 }: RunnerOptions = {}) {
  const resourceLimits = { maxOldGenerationSizeMb: memoryLimitMb, stackSizeMb: STACK_MB }
  const start = () => startWorker('graph/analysis/worker', { resourceLimits, name: 'analysis' })
  const threads = createThreads({ start, idleMs })

  return {
    /** Has a thread ready for an analysis that is soon to come. */
    prepare: threads.prepare,

    /** Ends the thread that waits. What runs goes on. */
    close: threads.close,

    /** @throws AnalysisError when cancelled, over its time or memory, or when the worker fails */
    run(input: AnalysisInput, options: RunOptions = {}): Promise<FinishedAnalysis> {
      const { signal, timeLimitMs = 600_000 } = options
      if (signal?.aborted) return Promise.reject(new AnalysisError('cancelled', 'The analysis was cancelled'))
      return new Promise((resolve, reject) => {
        const worker = threads.take()
        let settleSaved: (saved: boolean) => void = () => {}
        const saved = new Promise<boolean>((settle) => {
          settleSaved = settle
        })
        const timer = setTimeout(() => fail(new AnalysisError('timeout', 'The analysis took too long')), timeLimitMs)
        const onAbort = () => fail(new AnalysisError('cancelled', 'The analysis was cancelled'))
        signal?.addEventListener('abort', onAbort, { once: true })

        function end(wasSaved: boolean, letGo: (worker: Worker) => void): void {
          clearTimeout(timer)
          signal?.removeEventListener('abort', onAbort)
          unlisten()
          letGo(worker)
          settleSaved(wasSaved)
        }
        function fail(error: unknown): void {
          end(false, threads.end)
          reject(error)
        }
        const receive = createReceiver(
          options,
          (result) => resolve({ ...result, saved }),
          (wasSaved) => end(wasSaved, threads.giveBack),
        )
        const tell = (order: WorkerOrder) => worker.postMessage(order)
        const write = (table: Table, lines: Uint8Array) =>
          options.writer?.rows(table, lines).then(() => tell({ type: 'written' }), fail)
        const unlisten = listen(worker, {
          message: (message) => (message.type === 'rows' ? void write(message.table, message.lines) : receive(message)),
          error: (cause) => fail(errorOf(cause)),
          exit: (code) => fail(new AnalysisError('failed', `The analysis ended early (exit code ${code})`)),
        })
        tell({ type: 'task', task: { input, writeAt: options.writer?.at } })
      })
    },
  }
}

/** See {@link createAnalysisRunner}. */
export type AnalysisRunner = ReturnType<typeof createAnalysisRunner>

/** Runs one analysis in a thread of its own. @throws AnalysisError */
export function runAnalysis(
  input: AnalysisInput,
  { memoryLimitMb, ...options }: RunOptions & Pick<RunnerOptions, 'memoryLimitMb'> = {},
): Promise<FinishedAnalysis> {
  return createAnalysisRunner(memoryLimitMb === undefined ? {} : { memoryLimitMb }).run(input, options)
}

/** Puts the messages of a worker together. */
function createReceiver(
  { onProgress, onPlan }: RunOptions,
  onDone: (result: AnalysisResult) => void,
  onSaved: (saved: boolean) => void,
) {
  const parts: Pick<AnalysisResult, 'nodes' | 'edges' | 'passages' | 'notes'> = {
    nodes: [],
    edges: [],
    passages: [],
    notes: [],
  }
  return (message: Exclude<WorkerMessage, { type: 'rows' }>) => {
    if (message.type === 'progress') onProgress?.(message.progress)
    else if (message.type === 'plan') onPlan?.(message.plan)
    else if (message.type === 'slice') append(parts, message.slice)
    else if (message.type === 'done') onDone({ ...parts, stats: message.stats, scope: message.scope })
    else if (message.type === 'saved') onSaved(message.saved)
  }
}

function errorOf(cause: NodeJS.ErrnoException): AnalysisError {
  const memory = cause.code === 'ERR_WORKER_OUT_OF_MEMORY'
  const text = memory ? 'The analysis needs too much memory' : 'The analysis failed'
  return new AnalysisError(memory ? 'memory' : 'failed', text, { cause })
}

function append(
  result: Pick<AnalysisResult, 'nodes' | 'edges' | 'passages' | 'notes'>,
  slice: Partial<AnalysisResult>,
): void {
  for (const key of ['nodes', 'edges', 'passages', 'notes'] as const) {
    const items = slice[key]
    if (items) (result[key] as unknown[]).push(...items)
  }
}

/**
 * The queue port: hands work to whichever process is free, at least once, and again after a failure or a crash.
 *
 * It is not the record of a job: the `jobs` table is, and a queue that lost everything is filled again from there.
 * It is not exactly-once: a worker killed while it finishes leaves a job that runs again, so handlers must be
 * idempotent. It is not an event bus (see events.ts), and it keeps no strict order: priority, retries and parallel workers reorder.
 */
export interface Queue {
  /** `bullmq-postgres` or `bullmq-redis`; for logs, metrics and health. */
  readonly backend: string
  /**
   * Adds a job to a lane. A job whose id is known to the lane (waiting, running, or finished lately) is not added
   * again. Rejects when the backend does not answer within a few seconds; adding again is then safe.
   */
  add(lane: string, job: NewQueueJob): Promise<void>
  /** Adds many jobs in one round trip, each as `add` does. */
  addBulk(lane: string, jobs: readonly NewQueueJob[]): Promise<void>
  /** Starts taking jobs of a lane in this process. One worker per lane and process; a second one throws. */
  process(lane: string, handler: QueueHandler, options?: WorkerSettings): Promise<QueueWorker>
  /**
   * Stops a job. `removed`: it had not begun and never will. `signalled`: it runs in this process, and its signal is
   * aborted with a `JobCancelled`. `elsewhere`: it runs in another process, which has to be told to cancel as well. `gone`: it is
   * finished or unknown.
   */
  cancel(lane: string, id: string): Promise<'removed' | 'signalled' | 'elsewhere' | 'gone'>
  /** Where a job stands, as far as the queue knows. */
  state(lane: string, id: string): Promise<QueueJobState>
  /** The last value given to `progress`, 0 to 1; undefined for an unknown job. */
  progress(lane: string, id: string): Promise<number | undefined>
  /** Jobs of a lane by state. */
  counts(lane: string): Promise<QueueCounts>
  /** Whether the backend answers, and how fast. Never rejects; gives up after two seconds. */
  health(): Promise<{ ok: boolean; latencyMs: number; error?: string }>
  /**
   * Stops taking jobs, waits up to `graceMs` (default 5,000) for the running ones, then aborts their signals with a
   * `QueueClosing`; a handler that ends by throwing gives its job back unspoilt: another worker takes it at once.
   */
  close(options?: { graceMs?: number }): Promise<void>
}

/** A job to add. `data` must be JSON and small: ids, not contents. */
export interface NewQueueJob {
  /** Unique in its lane; letters, digits, `-`, `.` and `_`, and not a plain number. */
  id: string
  /** What to do; the handler of the lane chooses by it. */
  name: string
  data: unknown
  /** Milliseconds to wait before it may begin. Default 0. */
  delayMs?: number
  /** Higher ones begin earlier. Default `normal`. */
  priority?: 'high' | 'normal' | 'low'
  /** How often it may fail before it is given up. Default 1. A crash of the worker is not counted here. */
  attempts?: number
  /** First wait after a failure in ms; each further one is about twice as long, less up to half of it by chance. Default 1,000. */
  backoffMs?: number
}

/** What a handler gets. */
export interface QueueJobContext {
  id: string
  name: string
  data: unknown
  /** 1 for the first try; a try that was cut off by a crash counts. */
  attempt: number
  /** True when a failure of this try will not be followed by another one. */
  lastAttempt: boolean
  /** Aborted with `JobCancelled` or `QueueClosing`. The handler should then clean up and throw. */
  signal: AbortSignal
  /** Remembers how far it is, 0 to 1. */
  progress(value: number): Promise<void>
}

/** Does one job. What it returns is not kept. Throwing means a retry, or the end after the last attempt; `Unrecoverable` ends it at once. */
export type QueueHandler = (job: QueueJobContext) => Promise<void>

/** How a process works on a lane. */
export interface WorkerSettings {
  /** Jobs at a time in this process. Default 1. */
  concurrency?: number
  /** Called when a job is given up: out of attempts, `Unrecoverable`, or its workers died too often. */
  onDead?: (job: { id: string; name: string; data: unknown }, error: Error) => void
  /** Called for troubles of the worker itself (backend away, lock lost). */
  onError?: (error: Error) => void
  /** For tests: shorter times than the ones that suit production. */
  timing?: Partial<QueueTiming>
}

/** A worker of this process. */
export interface QueueWorker {
  /** Ids of the jobs it works on now. */
  running(): string[]
  /** As `Queue.close`, for this lane only. */
  close(options?: { graceMs?: number }): Promise<void>
}

/** Where a queue's job stands. `unknown`: never added, cancelled, or finished long ago. */
export type QueueJobState = 'waiting' | 'delayed' | 'active' | 'completed' | 'failed' | 'unknown'

/** Jobs of a lane by state. */
export interface QueueCounts {
  waiting: number
  delayed: number
  active: number
  completed: number
  failed: number
}

/** When a silent worker is given up. A killed worker's job begins again within `lockMs + 2 * stalledCheckMs`. */
export interface QueueTiming {
  /** A worker renews its claim every half of this. A handler must not block the event loop for longer. */
  lockMs: number
  /** How often each worker looks for jobs without a living claim. */
  stalledCheckMs: number
  /** How many workers may die over one job before it is given up. */
  maxStalls: number
}

/** Production values: a killed job begins again after at most 18 s. */
export const QUEUE_TIMING: QueueTiming = { lockMs: 10_000, stalledCheckMs: 4_000, maxStalls: 5 }

/** Reason of an aborted signal: somebody cancelled the job. A cancelled job is not tried again. */
export class JobCancelled extends Error {
  override name = 'JobCancelled'
}

/** Reason of an aborted signal: this process goes away; the job is given back. */
export class QueueClosing extends Error {
  override name = 'QueueClosing'
}

/** Thrown by a handler when trying again cannot help. */
export class Unrecoverable extends Error {
  override name = 'Unrecoverable'
}

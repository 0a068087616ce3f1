import type { JobsOptions } from 'bullmq'
import type {
  NewQueueJob,
  Queue,
  QueueHandler,
  QueueJobState,
  QueueWorker,
  WorkerSettings,
} from '../../contracts/queue.ts'
import { withDeadline } from '../../lib/deadline.ts'
import type { BullmqBackend, LaneQueue } from './bullmq-backend.ts'
import { createLaneWorker } from './bullmq-worker.ts'

/** How long an operation may take before the caller is told that the queue is away, in ms. */
const OPERATION_MS = 5_000
const HEALTH_MS = 2_000
/** How long connections may take to end; one that a handler left behind still holds never does. */
const CLOSE_MS = 2_000
/** Finished jobs stay a while: for the dashboard, and so that a job dispatched twice is recognized. */
const KEEP = { removeOnComplete: { age: 3_600, count: 1_000 }, removeOnFail: { age: 7 * 24 * 3_600, count: 5_000 } }
/** BullMQ starts lower numbers first, and 0 before all others. */
const PRIORITY = { high: 0, normal: 10, low: 20 }

/** The queue port on BullMQ, whichever database carries it. See contracts/queue.ts for what it promises. */
export function createBullmqQueue(backend: BullmqBackend, onError: (error: Error) => void = () => {}): Queue {
  const queues = new Map<string, LaneQueue>()
  const workers = new Map<string, QueueWorker & { cancel(id: string): boolean }>()

  function queueOf(lane: string): LaneQueue {
    let queue = queues.get(lane)
    if (!queue) {
      queue = backend.openQueue(lane)
      queue.on('error', onError)
      queues.set(lane, queue)
    }
    return queue
  }

  function inTime<T>(work: Promise<T>): Promise<T> {
    return withDeadline(work, OPERATION_MS, 'the job queue does not answer')
  }

  async function state(lane: string, id: string): Promise<QueueJobState> {
    const job = await inTime(queueOf(lane).getJob(id))
    return job ? plainState(await inTime(job.getState())) : 'unknown'
  }

  return {
    backend: backend.name,
    state,
    async add(lane, job) {
      await inTime(queueOf(lane).add(job.name, job.data, jobOptions(job)))
    },
    async addBulk(lane, jobs) {
      if (jobs.length === 0) return
      const bulk = jobs.map((job) => ({ name: job.name, data: job.data, opts: jobOptions(job) }))
      await inTime(queueOf(lane).addBulk(bulk))
    },
    async process(lane: string, handler: QueueHandler, settings: WorkerSettings = {}) {
      if (workers.has(lane)) throw new Error(`this process already works on the lane ${lane}`)
      const worker = createLaneWorker(backend, lane, handler, { onError, ...settings })
      workers.set(lane, worker)
      return worker
    },
    async cancel(lane, id) {
      if (workers.get(lane)?.cancel(id)) return 'signalled'
      // `remove` answers 0 for a job that is running (locked) as well as for one it does not know.
      const before = await state(lane, id)
      if (before === 'unknown' || before === 'completed' || before === 'failed') return 'gone'
      if (before !== 'active' && (await inTime(queueOf(lane).remove(id))) === 1) return 'removed'
      if (workers.get(lane)?.cancel(id)) return 'signalled'
      return (await state(lane, id)) === 'active' ? 'elsewhere' : 'gone'
    },
    async progress(lane, id) {
      const job = await inTime(queueOf(lane).getJob(id))
      return job && (typeof job.progress === 'number' ? job.progress : 0)
    },
    async counts(lane) {
      const counts = await inTime(
        queueOf(lane).getJobCounts('wait', 'prioritized', 'delayed', 'active', 'completed', 'failed'),
      )
      const of = (name: string) => counts[name] ?? 0
      return {
        waiting: of('wait') + of('prioritized'),
        delayed: of('delayed'),
        active: of('active'),
        completed: of('completed'),
        failed: of('failed'),
      }
    },
    async health() {
      const start = performance.now()
      const latencyMs = () => Math.round((performance.now() - start) * 100) / 100
      try {
        await withDeadline(Promise.resolve(backend.ping()), HEALTH_MS, 'no answer in time')
        return { ok: true, latencyMs: latencyMs() }
      } catch (error) {
        return { ok: false, latencyMs: latencyMs(), error: (error as Error).message }
      }
    },
    async close(options) {
      await Promise.all([...workers.values()].map((worker) => worker.close(options)))
      await Promise.all([...queues.values()].map((queue) => queue.close()))
      await withDeadline(backend.close(), CLOSE_MS, 'connections of the queue are still in use').catch(onError)
    },
  }
}

function jobOptions(job: NewQueueJob): JobsOptions {
  return {
    ...KEEP,
    jobId: job.id,
    delay: job.delayMs ?? 0,
    priority: PRIORITY[job.priority ?? 'normal'],
    attempts: job.attempts ?? 1,
    backoff: { type: 'exponential', delay: job.backoffMs ?? 1_000, jitter: 0.5 },
    stackTraceLimit: 5,
  }
}

function plainState(state: string): QueueJobState {
  if (state === 'active' || state === 'completed' || state === 'failed' || state === 'delayed') return state
  return state === 'unknown' ? 'unknown' : 'waiting'
}

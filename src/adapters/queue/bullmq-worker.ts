import { setTimeout as sleep } from 'node:timers/promises'
import type { Job } from 'bullmq'
import {
  JobCancelled,
  QUEUE_TIMING,
  QueueClosing,
  type QueueHandler,
  type QueueWorker,
  Unrecoverable,
  type WorkerSettings,
} from '../../contracts/queue.ts'
import type { BullmqBackend, LaneWorker } from './bullmq-backend.ts'

/** How long handlers may take to clean up once their signal is aborted, in ms. */
const CLEANUP_MS = 2_000
/** Pause before what failed is tried again, in ms. */
const RETRY_MS = 1_000

/** A worker of one lane: runs the handler, translates its endings, and can cancel and give back what runs here. */
export function createLaneWorker(
  backend: BullmqBackend,
  lane: string,
  handler: QueueHandler,
  settings: WorkerSettings,
): QueueWorker & { cancel(id: string): boolean } {
  const timing = { ...QUEUE_TIMING, ...settings.timing }
  const running = new Map<string, AbortController>()
  let closing: Promise<void> | undefined

  async function giveBack(job: Job, token: string | undefined): Promise<Error> {
    await job.moveToWait(token)
    return new backend.errors.WaitingError()
  }

  /** Turns what a handler threw into what BullMQ should do with the job. */
  async function settle(job: Job, token: string | undefined, signal: AbortSignal, thrown: unknown): Promise<Error> {
    if (signal.reason instanceof JobCancelled) return new backend.errors.UnrecoverableError('cancelled')
    if (signal.reason instanceof QueueClosing) return giveBack(job, token)
    const error = thrown instanceof Error ? thrown : new Error(String(thrown))
    if (!(error instanceof Unrecoverable)) return error
    return Object.assign(new backend.errors.UnrecoverableError(error.message), { cause: error })
  }

  async function process(job: Job, token?: string): Promise<void> {
    // A fetch that was under way when the closing began may still bring a job.
    if (closing) throw await giveBack(job, token)
    const id = String(job.id)
    const controller = new AbortController()
    running.set(id, controller)
    const work = handler({
      id,
      name: job.name,
      data: job.data,
      attempt: job.attemptsStarted,
      lastAttempt: job.attemptsMade + 1 >= (job.opts.attempts ?? 1),
      signal: controller.signal,
      progress: (value) => job.updateProgress(Math.max(0, Math.min(1, value))),
    })
    try {
      await work
    } catch (thrown) {
      throw await settle(job, token, controller.signal, thrown)
    } finally {
      running.delete(id)
    }
  }

  function open(): LaneWorker {
    const opened = backend.openWorker(lane, process, {
      autorun: false,
      concurrency: settings.concurrency ?? 1,
      lockDuration: timing.lockMs,
      stalledInterval: timing.stalledCheckMs,
      maxStalledCount: timing.maxStalls,
      // Back within a second when the database is; BullMQ's own value is 15 s.
      runRetryDelay: RETRY_MS,
    })
    opened.on('error', (error) => settings.onError?.(error))
    opened.on('failed', (job, error) => {
      if (job?.finishedOn) settings.onDead?.({ id: String(job.id), name: job.name, data: job.data }, causeOf(error))
    })
    // Another worker took the job over (this process was silent for too long): two must not go on with it.
    opened.on('lockRenewalFailed', (ids) => {
      for (const id of ids) running.get(id)?.abort(new QueueClosing('the claim on this job was lost'))
    })
    return opened
  }

  let worker = open()

  /** A worker whose first look at its database fails remembers that for ever, and would ask again without a pause: it is replaced. */
  async function begin(): Promise<void> {
    for (;;) {
      try {
        await worker.waitUntilReady()
        break
      } catch (error) {
        if (closing) return
        settings.onError?.(error as Error)
        await worker.close(true).catch(() => {})
        await sleep(RETRY_MS, undefined, { ref: false })
        if (closing) return
        worker = open()
      }
    }
    if (!closing) await worker.run()
  }
  begin().catch((error) => settings.onError?.(error))

  async function shut(graceMs: number): Promise<void> {
    // Waits for the running jobs, renewing their claims meanwhile.
    const closed = worker.close()
    const late = setTimeout(() => {
      for (const job of running.values()) job.abort(new QueueClosing('this process is shutting down'))
    }, graceMs)
    // A handler that does not listen is left behind; it keeps its claim as long as this process lives.
    await Promise.race([closed, sleep(graceMs + CLEANUP_MS, undefined, { ref: false })])
    clearTimeout(late)
  }

  return {
    running: () => [...running.keys()],
    cancel(id) {
      const job = running.get(id)
      job?.abort(new JobCancelled('cancelled'))
      return job !== undefined
    },
    close({ graceMs = 5_000 } = {}) {
      closing ??= shut(graceMs)
      return closing
    },
  }
}

function causeOf(error: Error): Error {
  return error.cause instanceof Error ? error.cause : error
}

import { JOBS, type JobDefinition, type Lane } from '../contracts/jobs.ts'
import type { Queue } from '../contracts/queue.ts'
import type { Committed } from '../db/transaction.ts'
import type { DispatchRow, JobRepository } from './repository.ts'

/** What the dispatcher needs. */
export interface DispatcherOptions {
  repository: JobRepository
  queue: Queue
  onError: (error: unknown) => void
  /** Ends a job that the queue has given up while nobody looked. */
  onLost: (queued: string) => Promise<unknown>
  /** How often forgotten jobs are looked for, ms. Default 5,000. */
  sweepMs?: number
  /** From which age on a row without its job in the queue counts as forgotten, ms. Default 3,000. */
  forgottenMs?: number
  /** From which age on the queue is asked whether it still knows an unfinished job, ms. Default 60,000. */
  lostMs?: number
}

const BATCH = 200

/** The id of a job in its lane: new for each time it is retried, because a queue does not take a finished id again. */
export const queueId = (job: { id: string; run: number }): string => `${job.id}.${job.run}`
/** The id of a job, of its id in the lane. */
export const jobIdOf = (id: string): string => id.slice(0, id.lastIndexOf('.'))
/** The run of a job, of its id in the lane. */
export const runOf = (id: string): number => Number(id.slice(id.lastIndexOf('.') + 1))
/** The lane of a job. A name of an older version that is no more goes to the background, where it fails plainly. */
export const laneOf = (name: string): Lane => (name in JOBS ? JOBS[name as keyof typeof JOBS].lane : 'background')

/**
 * Carries jobs from their rows to the queue: at once after the commit, and by sweeping what a crash or a queue that was away left behind.
 * Handing over twice is harmless: the queue knows the id, and the row says whether there is anything left to do.
 */
export function createDispatcher(options: DispatcherOptions) {
  const { repository, queue, onError, onLost } = options
  const { sweepMs = 5_000, forgottenMs = 3_000, lostMs = 60_000 } = options
  const underWay = new Set<Promise<void>>()
  let timer: NodeJS.Timeout | undefined

  async function handOver(rows: readonly DispatchRow[]): Promise<void> {
    for (const [lane, jobs] of groupByLane(rows)) {
      await queue.addBulk(
        lane,
        jobs.map((job) => {
          const { attempts, backoffMs, priority } = settingsOf(job.name)
          return { id: queueId(job), name: job.name, data: {}, attempts, backoffMs, priority: priority ?? 'normal' }
        }),
      )
    }
    if (rows.length > 0) await repository.markDispatched(rows.map((row) => row.id))
  }

  function track(work: Promise<void>): Promise<void> {
    const tracked = work.catch(onError).finally(() => underWay.delete(tracked))
    underWay.add(tracked)
    return tracked
  }

  /** Asks the queue for long unfinished jobs: it may have been emptied, or have given one up while no worker was left to say so. */
  async function reconcile(): Promise<void> {
    for (const row of await repository.unfinished(lostMs, BATCH)) {
      const state = await queue.state(laneOf(row.name), queueId(row))
      if (state === 'failed') await onLost(queueId(row))
      else if (state === 'unknown' || state === 'completed') await repository.requeue(row.id, row.run)
    }
  }

  async function sweep(): Promise<void> {
    await reconcile()
    await handOver(await repository.forgotten(forgottenMs, BATCH))
  }

  return {
    /** Hands over what a transaction has just made. For `db.onCommitted`. */
    committed({ jobs }: Pick<Committed, 'jobs'>): void {
      if (jobs.length > 0) void track(repository.undispatched(jobs).then(handOver))
    },
    /** Sweeps once now. */
    sweep: () => track(sweep()),
    start(): void {
      timer = setInterval(() => void (underWay.size === 0 && track(sweep())), sweepMs)
      timer.unref()
    },
    /** Stops sweeping and waits for what is under way. */
    async stop(): Promise<void> {
      clearInterval(timer)
      await Promise.all(underWay)
    },
  }
}

/** See {@link createDispatcher}. */
export type Dispatcher = ReturnType<typeof createDispatcher>

function settingsOf(name: string): Pick<JobDefinition, 'attempts' | 'backoffMs' | 'priority'> {
  return (JOBS as Record<string, JobDefinition>)[name] ?? { attempts: 1, backoffMs: 1_000 }
}

function groupByLane(rows: readonly DispatchRow[]): Map<Lane, DispatchRow[]> {
  const lanes = new Map<Lane, DispatchRow[]>()
  for (const row of rows) {
    const lane = laneOf(row.name)
    lanes.set(lane, [...(lanes.get(lane) ?? []), row])
  }
  return lanes
}

import type { Queue as BullQueue, Worker as BullWorker, Job, WorkerOptions } from 'bullmq'

/** The part of a BullMQ queue that we call: the same on both backends. */
export type LaneQueue = Pick<BullQueue, 'add' | 'addBulk' | 'getJob' | 'remove' | 'getJobCounts' | 'close'> & {
  on(event: 'error', listener: (error: Error) => void): unknown
}
/** The part of a BullMQ worker that we call: the same on both backends. */
export type LaneWorker = Pick<BullWorker, 'waitUntilReady' | 'run' | 'pause' | 'close'> & {
  on(event: 'error', listener: (error: Error) => void): unknown
  on(event: 'failed', listener: (job: Job | undefined, error: Error) => void): unknown
  on(event: 'lockRenewalFailed', listener: (ids: string[]) => void): unknown
}
/** What BullMQ runs for each job. */
export type LaneProcessor = (job: Job, token?: string) => Promise<void>

/** What a database must offer to carry the queue: queues, workers, a sign of life. */
export interface BullmqBackend {
  name: string
  openQueue(lane: string): LaneQueue
  openWorker(lane: string, processor: LaneProcessor, options: Omit<WorkerOptions, 'connection'>): LaneWorker
  /** BullMQ's error classes, handed in because the module is loaded late. */
  errors: { UnrecoverableError: new (message: string) => Error; WaitingError: new () => Error }
  ping(): Promise<unknown>
  close(): Promise<void>
}

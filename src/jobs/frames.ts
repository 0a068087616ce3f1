import { topicOf } from '../contracts/events.ts'
import type { Tx } from '../db/transaction.ts'
import { type JobRow, toJob } from './repository.ts'

/** Sends a frame to whoever follows a topic right now, on all instances. Not stored; may get lost. */
export interface JobFrames {
  broadcast(topic: string, frame: { type: 'job' } & Record<string, unknown>, key?: string): void
}

/** The topics that hear of a job. */
export function jobTopics(row: Pick<JobRow, 'id' | 'userId'>): string[] {
  return [topicOf('job', row.id), ...(row.userId === null ? [] : [topicOf('user', row.userId)])]
}

/** Writes the durable event of a changed state. */
export function announceJob(tx: Pick<Tx, 'emit'>, row: JobRow): void {
  const data = toJob(row)
  for (const topic of jobTopics(row)) tx.emit({ topic, name: 'job.updated', data })
}

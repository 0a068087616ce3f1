import { LANES, type Lane } from '../contracts/jobs.ts'
import type { Actor, WorkspaceRole } from '../contracts/policy.ts'
import type { PubSub } from '../contracts/pubsub.ts'
import type { Queue, QueueTiming } from '../contracts/queue.ts'
import type { Database } from '../db/database.ts'
import { createDispatcher } from './dispatcher.ts'
import type { JobFrames } from './frames.ts'
import { createJobRepository } from './repository.ts'
import { createJobRights, type JobRightsOptions } from './rights.ts'
import { createRunner } from './runner.ts'
import { createJobService } from './service.ts'

/** What the feature needs from the outside. */
export interface JobsOptions {
  db: Database
  queue: Queue
  pubsub: Pick<PubSub, 'publish' | 'subscribe'>
  frames: JobFrames
  /** The user as an actor with the rights of now. Default: read from the database. */
  actorOf?: (userId: string) => Promise<Actor | undefined>
  roleIn: (actor: Actor, workspaceId: string) => Promise<WorkspaceRole | undefined>
  /** Demands that somebody may do something in a conversation, for jobs that work in one. */
  demandInConversation: JobRightsOptions['demandInConversation']
  /** Told of faults that nobody waits for. */
  onError: (error: unknown, context?: object) => void
  /** For tests: shorter times. */
  timing?: { sweepMs?: number; forgottenMs?: number; lostMs?: number; queue?: Partial<QueueTiming> }
}

/** Channel on which instances tell each other what to stop: `<lane> <id in the lane>`. */
const CANCEL_CHANNEL = 'jobs.cancel'

/** The jobs feature, put together: the service for clients, handlers from the features, and what moves jobs along. */
export function createJobs(options: JobsOptions) {
  const { db, queue, pubsub, frames, roleIn, demandInConversation, onError } = options
  const { queue: queueTiming, ...sweeping } = options.timing ?? {}
  const repository = createJobRepository(db.sql)
  const { actorOf = repository.actorOf } = options
  const demandRight = createJobRights({ roleIn, demandInConversation })
  const runner = createRunner({ db, repository, frames, actorOf, demandRight, onError })
  const dispatcher = createDispatcher({ repository, queue, onError, onLost: runner.giveUp, ...sweeping })
  const service = createJobService({
    db,
    repository,
    queue,
    roleIn,
    onError,
    dispatch: (jobs) => dispatcher.committed({ jobs }),
    tellOthers: (lane, id) => pubsub.publish(CANCEL_CHANNEL, `${lane} ${id}`),
  })
  db.onCommitted(dispatcher.committed)
  let unsubscribe: (() => Promise<void>) | undefined

  async function startWorkers(): Promise<void> {
    unsubscribe = await pubsub.subscribe(CANCEL_CHANNEL, (message) => {
      const [lane = '', id = ''] = message.split(' ')
      queue.cancel(lane, id).catch(onError)
    })
    for (const lane of Object.keys(LANES) as Lane[]) {
      await queue.process(lane, runner.run, {
        concurrency: LANES[lane].concurrency,
        onDead: (job) => void runner.giveUp(job.id).catch(onError),
        onError,
        ...(queueTiming && { timing: queueTiming }),
      })
    }
  }

  return {
    service,
    handle: runner.handle,
    /** Starts handing over what a crash left, and, with `workers`, doing jobs in this process. */
    async start({ workers }: { workers: boolean }): Promise<void> {
      dispatcher.start()
      if (workers) await startWorkers()
    },
    /** Jobs by state, for metrics. */
    counts: repository.counts,
    /** Hands over now what is waiting for the sweeper. */
    sweep: dispatcher.sweep,
    /** Lets go: what runs is finished within `graceMs` or given back. Closes the queue. */
    async stop(graceMs?: number): Promise<void> {
      await unsubscribe?.()
      await dispatcher.stop()
      await queue.close(graceMs === undefined ? {} : { graceMs })
    },
  }
}

/** See {@link createJobs}. */
export type Jobs = ReturnType<typeof createJobs>

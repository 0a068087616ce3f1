import { problem } from '../contracts/errors.ts'
import type { Job } from '../contracts/jobs.ts'
import { idAfter } from '../contracts/list.ts'
import { type Actor, demand, type Operation, type WorkspaceRole } from '../contracts/policy.ts'
import type { Queue } from '../contracts/queue.ts'
import type { Database } from '../db/database.ts'
import type { Tx } from '../db/transaction.ts'
import { toPage } from '../lib/cursor.ts'
import { laneOf, queueId } from './dispatcher.ts'
import { announceJob } from './frames.ts'
import type { JobListQuery, JobPage } from './model.ts'
import { type JobRepository, type JobRow, toJob } from './repository.ts'

/** What the service needs. */
export interface JobServiceOptions {
  db: Pick<Database, 'transact'>
  repository: JobRepository
  queue: Queue
  /** The actor's role in a workspace; undefined for an outsider. */
  roleIn: (actor: Actor, workspaceId: string) => Promise<WorkspaceRole | undefined>
  /** Tells the other instances to stop a job that one of them is running. */
  tellOthers: (lane: string, queueId: string) => Promise<void>
  /** Hands rows over to the queue now. */
  dispatch: (ids: string[]) => void
  onError: (error: unknown) => void
}

/** Jobs as their submitters and the members of their workspace see and steer them. */
export function createJobService(options: JobServiceOptions) {
  const { db, repository, queue, roleIn, tellOthers, dispatch, onError } = options

  /** The job, if the actor may do that with it. Submitters may do everything with their own. */
  async function demandJob(actor: Actor, id: string, operation: Operation): Promise<JobRow> {
    const row = await repository.find(id)
    if (row && row.userId === actor.userId) return row
    const role = row?.workspaceId ? await roleIn(actor, row.workspaceId) : undefined
    demand(role, operation, 'job')
    return row as JobRow
  }

  async function resetOrConflict(tx: Tx, id: string): Promise<JobRow | undefined> {
    try {
      return await repository.reset(tx.sql, id)
    } catch (error) {
      if ((error as { code?: string }).code !== '23505') throw error
      throw problem('CONFLICT', { detail: 'The same work is queued already as another job', cause: error })
    }
  }

  async function stopInQueue(row: JobRow): Promise<void> {
    const lane = laneOf(row.name)
    const where = await queue.cancel(lane, queueId(row))
    if (where === 'elsewhere') await tellOthers(lane, queueId(row))
  }

  /** Cancels what waits or runs; undefined when it is finished. */
  async function withdraw(id: string): Promise<Job | undefined> {
    const row = await db.transact(async (tx) => {
      const cancelled = await repository.cancel(tx.sql, id)
      if (cancelled) announceJob(tx, cancelled)
      return cancelled
    })
    // The row is the truth: a queue that is away only means that the job is let go of when it comes up.
    if (row) await stopInQueue(row).catch(onError)
    return row && toJob(row)
  }

  return {
    /** Cancels a job without asking for rights: for the feature that made it. Undefined when it is finished. */
    withdraw,

    /** A job without asking for rights: for the feature that made it. */
    async find(id: string): Promise<Job | undefined> {
      const row = await repository.find(id)
      return row && toJob(row)
    },

    /** The actor's own jobs, or all of a workspace. @throws NOT_FOUND for a foreign workspace, INVALID_CURSOR */
    async list(actor: Actor, query: JobListQuery): Promise<JobPage> {
      const { workspaceId } = query
      if (workspaceId) demand(await roleIn(actor, workspaceId), 'jobs:read', 'workspace')
      const owner = workspaceId ? { workspaceId } : { userId: actor.userId }
      const { items, nextCursor } = toPage(
        await repository.list(owner, query, idAfter(query.cursor)),
        query.limit,
        (row) => [row.id],
      )
      return { items: items.map(toJob), nextCursor }
    },

    /** @throws NOT_FOUND */
    async get(actor: Actor, id: string): Promise<Job> {
      return toJob(await demandJob(actor, id, 'jobs:read'))
    },

    /** Cancels a job that waits or runs. Done at once; what runs stops soon after. @throws NOT_FOUND, FORBIDDEN, CONFLICT when finished */
    async cancel(actor: Actor, id: string): Promise<Job> {
      const before = await demandJob(actor, id, 'jobs:manage')
      const cancelled = await withdraw(id)
      if (cancelled) return cancelled
      if (before.state === 'cancelled') return toJob(before)
      throw problem('CONFLICT', { detail: 'The job is finished already' })
    },

    /** Starts a failed or cancelled job again. @throws NOT_FOUND, FORBIDDEN, CONFLICT when it is neither */
    async retry(actor: Actor, id: string): Promise<Job> {
      await demandJob(actor, id, 'jobs:manage')
      const row = await db.transact(async (tx) => {
        const row = await resetOrConflict(tx, id)
        if (!row) throw problem('CONFLICT', { detail: 'Only a failed or cancelled job can be started again' })
        announceJob(tx, row)
        return row
      })
      dispatch([id])
      return toJob(row)
    },
  }
}

/** See {@link createJobService}. */
export type JobService = ReturnType<typeof createJobService>

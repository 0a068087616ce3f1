import { Ajv, type ValidateFunction } from 'ajv'
import formats from 'ajv-formats'
import { Problem, problem } from '../contracts/errors.ts'
import { JOBS, type JobDefinition, type JobHandler, type JobName, type JobRun, SERVER } from '../contracts/jobs.ts'
import type { Actor } from '../contracts/policy.ts'
import { JobCancelled, type QueueJobContext, Unrecoverable } from '../contracts/queue.ts'
import type { Database } from '../db/database.ts'
import { jobIdOf, runOf } from './dispatcher.ts'
import { announceJob, type JobFrames } from './frames.ts'
import { createProgress } from './progress.ts'
import type { JobEnd, JobRepository, JobRow } from './repository.ts'
import type { JobRights } from './rights.ts'

/** What the runner needs. */
export interface RunnerOptions {
  db: Pick<Database, 'transact'>
  repository: JobRepository
  frames: JobFrames
  /** The user as an actor with the rights of now; undefined for one who is gone or disabled. */
  actorOf: (userId: string) => Promise<Actor | undefined>
  /** Demands that the submitter may still do what the job needs. @throws NOT_FOUND, FORBIDDEN */
  demandRight: JobRights
  onError: (error: unknown, job: { id: string; name: string }) => void
}

/** Runs jobs that the queue hands in: claims the row, checks data and rights, calls the handler, and writes down how it ended. */
export function createRunner({ db, repository, frames, actorOf, demandRight, onError }: RunnerOptions) {
  const handlers = new Map<string, JobHandler<never>>()
  const ajv = formats.default(new Ajv({ strict: false }), ['uuid', 'date-time', 'email', 'uri'])
  const checks = new Map<JobDefinition, ValidateFunction>()

  /** Whether the data are what the job needs; compiled with its first run. */
  function fits(definition: JobDefinition, data: unknown): boolean {
    const check = checks.get(definition) ?? ajv.compile(definition.data)
    checks.set(definition, check)
    return check(data)
  }

  const finish = (id: string, run: number, end: JobEnd) =>
    db.transact(async (tx) => {
      const row = await repository.finish(tx.sql, id, run, end)
      if (row) announceJob(tx, row)
      return row
    })

  const claim = (id: string) =>
    db.transact(async (tx) => {
      const row = await repository.claim(tx.sql, id)
      if (row && row.attempt === 1) announceJob(tx, row)
      return row
    })

  async function call(row: JobRow, context: QueueJobContext, signal: AbortSignal, progress: JobRun['progress']) {
    const definition = (JOBS as Record<string, JobDefinition>)[row.name]
    const handler = handlers.get(row.name)
    if (!definition || !handler) throw problem('UNPROCESSABLE', { detail: `This version knows no job '${row.name}'` })
    if (!fits(definition, row.data)) {
      throw problem('UNPROCESSABLE', { detail: `The data of this job does not fit '${row.name}'` })
    }
    const actor = definition.needs === 'server' ? SERVER : row.userId === null ? undefined : await actorOf(row.userId)
    if (!actor) throw problem('ACCOUNT_DISABLED', { detail: 'Whoever submitted this job may not act any more' })
    await demandRight(actor, definition.needs, row)
    const { id, name, attempt } = row
    const workspaceId = row.workspaceId ?? undefined
    const run = {
      id,
      name,
      data: row.data,
      actor,
      workspaceId,
      attempt,
      lastAttempt: context.lastAttempt,
      signal,
      progress,
    }
    return handler(run as never)
  }

  /** One run. Throws for the queue to try again, or `Unrecoverable` for it to let go. */
  async function run(context: QueueJobContext): Promise<void> {
    const row = await claim(jobIdOf(context.id))
    if (!row) return
    const timeout = new AbortController()
    const { timeoutMs = 60_000 } = (JOBS as Record<string, JobDefinition>)[row.name] ?? {}
    const timer = setTimeout(
      () => timeout.abort(problem('REQUEST_TIMEOUT', { detail: 'The job took too long' })),
      timeoutMs,
    )
    const progress = createProgress({
      row,
      repository,
      frames,
      onGone: () => timeout.abort(new JobCancelled('cancelled')),
    })
    const signal = AbortSignal.any([context.signal, timeout.signal])
    try {
      const result = await call(row, context, signal, progress.report)
      await progress.settle()
      await finish(row.id, row.run, { state: 'completed', result })
    } catch (error) {
      await progress.settle()
      await fail(row, context, signal, error)
    } finally {
      clearTimeout(timer)
    }
  }

  async function fail(row: JobRow, context: QueueJobContext, signal: AbortSignal, thrown: unknown): Promise<never> {
    // Cancelled, or this process goes away: the row says so already, or the next worker goes on with it.
    if (context.signal.aborted) throw context.signal.reason
    const error = signal.aborted ? signal.reason : thrown
    if (error instanceof JobCancelled) throw new Unrecoverable('cancelled')
    const final =
      context.lastAttempt || error instanceof Unrecoverable || (error instanceof Problem && error.status < 500)
    if (!final) {
      await repository.progress(row.id, row.progress, 'waiting to try again')
      throw error
    }
    onError(error, row)
    await finish(row.id, row.run, { state: 'failed', error: publicError(error) })
    throw new Unrecoverable(error instanceof Error ? error.message : 'failed', { cause: error })
  }

  return {
    run,
    /** Registers who does the jobs of a name. Before the workers start. */
    handle<N extends JobName>(name: N, handler: JobHandler<N>): void {
      if (handlers.has(name)) throw new Error(`the job ${name} has a handler already`)
      handlers.set(name, handler as JobHandler<never>)
    },
    /**
     * Fails a job that the queue has given up: its workers died too often. Only the run that is meant: the news of a failed one may come
     * when the job was retried already.
     */
    async giveUp(queued: string): Promise<void> {
      const error = { code: 'INTERNAL', message: 'The job was interrupted too often' }
      await finish(jobIdOf(queued), runOf(queued), { state: 'failed', error })
    },
  }
}

/** See {@link createRunner}. */
export type Runner = ReturnType<typeof createRunner>

function publicError(error: unknown): { code: string; message: string } {
  if (error instanceof Problem) return { code: error.code, message: error.detail }
  return { code: 'INTERNAL', message: 'The job failed; its error is in the log of the server' }
}

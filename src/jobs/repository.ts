import type { Sql, TransactionSql } from 'postgres'
import type { Job, JobName, JobPace } from '../contracts/jobs.ts'
import type { Actor } from '../contracts/policy.ts'
import { PAYER, TIER } from '../db/payer.ts'
import type { JobListQuery } from './model.ts'

/** A job's row, with what clients do not see. Times are RFC 3339 strings. */
export interface JobRow {
  id: string
  name: JobName
  data: unknown
  workspaceId: string | null
  userId: string | null
  state: Job['state']
  progress: number
  phase: string | null
  pace: JobPace | null
  result: unknown
  error: { code: string; message: string } | null
  attempt: number
  run: number
  version: number
  createdAt: string
  startedAt: string | null
  finishedAt: string | null
}

/** A user as an actor; one that is gone or disabled is none. */
const ACTOR = `
  select u.role, ${TIER} as tier, p.id as "payerId" from users u ${PAYER} where u.id = $1 and u.disabled_at is null`

/** What hands a job to the queue needs to know of it. */
export type DispatchRow = Pick<JobRow, 'id' | 'name' | 'run'>

type Connection = Sql<{ bigint: number }> | TransactionSql<{ bigint: number }> | Sql | TransactionSql

/** How a run ended. */
export interface JobEnd {
  state: 'completed' | 'failed'
  result?: object | undefined
  error?: { code: string; message: string }
}

/** The SQL of the `jobs` table. Decides nothing; every write says in its WHERE from which states it may start. */
export function createJobRepository(sql: Sql<{ bigint: number }>) {
  const columns = (on: Connection) => on`
    id, name, data, workspace_id as "workspaceId", user_id as "userId", state, progress, phase, pace, result, error, attempt, run, version,
    created_at as "createdAt", started_at as "startedAt", finished_at as "finishedAt"`

  return {
    async find(id: string): Promise<JobRow | undefined> {
      const [row] = await sql<JobRow[]>`select ${columns(sql)} from jobs where id = ${id}`
      return row
    },

    /** Newest first, of one user or one workspace. Asks for one more than `limit`, to know whether there is a next page. */
    async list(owner: { userId: string } | { workspaceId: string }, query: JobListQuery, before: string | undefined) {
      const mine = 'userId' in owner ? sql`user_id = ${owner.userId}` : sql`workspace_id = ${owner.workspaceId}`
      return sql<JobRow[]>`
        select ${columns(sql)} from jobs where ${mine}
          ${query.state ? sql`and state = ${query.state}` : sql``}
          ${query.name ? sql`and name = ${query.name}` : sql``}
          ${before ? sql`and id < ${before}` : sql``}
        order by id desc limit ${query.limit + 1}`
    },

    /** Begins a run; undefined when the job is finished or cancelled. */
    async claim(tx: TransactionSql, id: string): Promise<JobRow | undefined> {
      const [row] = await tx<JobRow[]>`
        update jobs set version = version + 1, state = 'active', attempt = attempt + 1, phase = null, pace = null, error = null,
          started_at = coalesce(started_at, now()), dispatched_at = coalesce(dispatched_at, now())
        where id = ${id} and state in ('queued', 'active') returning ${columns(tx)}`
      return row
    },

    /** Ends a run; undefined when it was cancelled meanwhile or has ended already. */
    async finish(tx: TransactionSql, id: string, run: number, end: JobEnd): Promise<JobRow | undefined> {
      const [row] = await tx<JobRow[]>`
        update jobs set version = version + 1, state = ${end.state}, finished_at = now(), phase = null, pace = null,
          progress = case when ${end.state} = 'completed' then 1 else progress end,
          result = ${end.result ? JSON.stringify(end.result) : null}::text::jsonb,
          error = ${end.error ? JSON.stringify(end.error) : null}::text::jsonb
        where id = ${id} and run = ${run}::int and state in ('queued', 'active') returning ${columns(tx)}`
      return row
    },

    /** Cancels; undefined when it is finished. */
    async cancel(tx: TransactionSql, id: string): Promise<JobRow | undefined> {
      const [row] = await tx<JobRow[]>`
        update jobs set version = version + 1, state = 'cancelled', finished_at = now(), phase = null, pace = null
        where id = ${id} and state in ('queued', 'active') returning ${columns(tx)}`
      return row
    },

    /** Puts a failed or cancelled job back to its beginning, as a new one for the queue. */
    async reset(tx: TransactionSql, id: string): Promise<JobRow | undefined> {
      const [row] = await tx<JobRow[]>`
        update jobs set version = version + 1, state = 'queued', run = run + 1, progress = 0, phase = null, pace = null, result = null, error = null,
          dispatched_at = null, started_at = null, finished_at = null
        where id = ${id} and state in ('failed', 'cancelled') returning ${columns(tx)}`
      return row
    },

    /** Stores how far it is. False when it is not running any more. */
    async progress(id: string, progress: number, phase: string | null, pace?: JobPace): Promise<boolean> {
      const rows = await sql`
        update jobs set version = version + 1, progress = ${progress}, phase = ${phase},
          pace = ${pace ? JSON.stringify(pace) : null}::text::jsonb
        where id = ${id} and state = 'active' returning 1`
      return rows.length === 1
    },

    /** Those of the given jobs that still have to be handed over. */
    async undispatched(ids: readonly string[]): Promise<DispatchRow[]> {
      return sql<DispatchRow[]>`
        select id, name, run from jobs where id = any(${sql.array([...ids], 2951)}) and state = 'queued' and dispatched_at is null`
    },

    /** Jobs that a crash left between commit and hand-over: older than `ageMs`, at most `limit`. */
    async forgotten(ageMs: number, limit: number): Promise<DispatchRow[]> {
      return sql<DispatchRow[]>`
        select id, name, run from jobs where state in ('queued', 'active') and dispatched_at is null
          and created_at < now() - ${ageMs} * interval '1 millisecond'
        order by created_at limit ${limit}`
    },

    /** Jobs that should be in the queue since at least `ageMs`, oldest first. */
    async unfinished(ageMs: number, limit: number): Promise<(DispatchRow & { state: Job['state'] })[]> {
      return sql<(DispatchRow & { state: Job['state'] })[]>`
        select id, name, run, state from jobs where state in ('queued', 'active') and dispatched_at is not null
          and coalesce(started_at, dispatched_at) < now() - ${ageMs} * interval '1 millisecond'
        order by created_at limit ${limit}`
    },

    async markDispatched(ids: readonly string[]): Promise<void> {
      await sql`update jobs set dispatched_at = now() where id = any(${sql.array([...ids], 2951)}) and dispatched_at is null`
    },

    /** A user as an actor with the rights of now; undefined for one who is gone or disabled. */
    async actorOf(userId: string): Promise<Actor | undefined> {
      const [row] = await sql.unsafe<(Pick<Actor, 'role' | 'tier'> & { payerId: string | null })[]>(ACTOR, [userId], {
        prepare: true,
      })
      if (row === undefined) return undefined
      const { role, tier, payerId } = row
      return { userId, role, tier, ...(payerId !== null && { payerId }) }
    },

    /** Unfinished jobs and those that failed within a day, by state. */
    async counts(): Promise<Partial<Record<Job['state'], number>>> {
      const rows = await sql<{ state: Job['state']; count: number }[]>`
        select state, count(*)::int as count from jobs
        where state in ('queued', 'active') or (state = 'failed' and created_at > now() - interval '1 day') group by state`
      return Object.fromEntries(rows.map((row) => [row.state, row.count]))
    },

    /** Makes a job that the queue has lost a new one for it. False when it has changed meanwhile. */
    async requeue(id: string, run: number): Promise<boolean> {
      const rows = await sql`
        update jobs set run = run + 1, dispatched_at = null
        where id = ${id} and run = ${run} and state in ('queued', 'active') returning 1`
      return rows.length === 1
    },
  }
}

/** See {@link createJobRepository}. */
export type JobRepository = ReturnType<typeof createJobRepository>

/** The job as clients see it. */
export function toJob(row: JobRow): Job {
  return {
    id: row.id,
    name: row.name,
    state: row.state,
    progress: row.progress,
    ...(row.phase !== null && { phase: row.phase }),
    ...(row.pace !== null && { pace: row.pace }),
    ...(row.result != null && { result: row.result }),
    ...(row.error !== null && { error: row.error }),
    workspaceId: row.workspaceId,
    attempt: row.attempt,
    version: row.version,
    createdAt: row.createdAt,
    ...(row.startedAt !== null && { startedAt: row.startedAt }),
    ...(row.finishedAt !== null && { finishedAt: row.finishedAt }),
  }
}

import Type, { type Static, type TObject } from 'typebox'
import type { EventName } from './events.ts'
import { Enum, Id, Nullable, Time } from './http.ts'
import type { Actor, ConversationOperation, Operation } from './policy.ts'

/**
 * Lanes of the queue. Each is worked on separately, so that a long analysis never holds up an answer.
 * `concurrency` is the number of jobs at a time in one process.
 */
export const LANES = {
  interactive: { concurrency: 8, summary: 'Somebody waits for it: replies of the assistant' },
  analysis: { concurrency: 1, summary: 'Heavy work on uploads: analysis of sources' },
  background: { concurrency: 4, summary: 'Everything that nobody watches: deliveries, sweeping, mail' },
} as const satisfies Record<string, { concurrency: number; summary: string }>

/** The name of a lane. */
export type Lane = keyof typeof LANES

/** A row of the table of jobs. */
export interface JobDefinition {
  summary: string
  /** What the job needs to know: ids, not contents. Checked when it is made and again before it runs. */
  data: TObject
  lane: Lane
  /**
   * What whoever submitted it must still be allowed when it runs: in the conversation that its data names (`conversationId`), else in its workspace.
   * `own`: it works on nothing but the submitter's own things, for whom it is enough not to be disabled. `server`: the server's own work, submitted by
   * nobody: it runs as {@link SERVER}, and nobody sees it among their jobs.
   */
  needs: Operation | ConversationOperation | 'own' | 'server'
  /** How often it may fail. A crash of the process is not counted here. */
  attempts: number
  /** First pause after a failure in ms; the further ones double. */
  backoffMs: number
  /** When the run is cut off, ms. */
  timeoutMs: number
  priority?: 'high' | 'normal' | 'low'
  /** Events that lead to such a job. None where a request asks for it. */
  on: readonly EventName[]
  /** Events that its run writes. No chain of `on` and `emits` may lead back: a test draws the graph. */
  emits: readonly EventName[]
}

/** Who does the server's own jobs: nobody's account, with no right anywhere. */
export const SERVER: Actor = { userId: '00000000-0000-0000-0000-000000000000', role: 'user', tier: 'free' }

/** The one table of jobs: `noun.verb` -> what it needs, how it is queued, and its place among the events. */
export const JOBS = {
  'source.analyze': {
    summary: 'Analyses the files of uploads into a revision of a source: nodes, edges and passages',
    data: Type.Object({ sourceId: Id, revisionId: Id }, { additionalProperties: false }),
    lane: 'analysis',
    needs: 'graph:write',
    attempts: 3,
    backoffMs: 2_000,
    timeoutMs: 15 * 60_000,
    on: [],
    emits: ['graph.updated', 'job.updated'],
  },
  'reply.generate': {
    summary: 'Writes the reply of the assistant into its waiting message, streaming it to the room',
    data: Type.Object({ conversationId: Id, messageId: Id }, { additionalProperties: false }),
    lane: 'interactive',
    needs: 'conversations:write',
    attempts: 3,
    backoffMs: 500,
    timeoutMs: 5 * 60_000,
    on: ['message.created'],
    emits: ['reply.completed', 'reply.stopped', 'reply.failed', 'job.updated'],
  },
  'account.export': {
    summary: 'Makes an archive of everything that is kept of somebody',
    data: Type.Object({ exportId: Id }, { additionalProperties: false }),
    lane: 'background',
    attempts: 5,
    backoffMs: 10_000,
    timeoutMs: 30 * 60_000,
    priority: 'low',
    needs: 'own',
    on: [],
    emits: ['job.updated'],
  },
  'account.erase': {
    summary: 'Erases an account and everything that is kept of it',
    data: Type.Object({ userId: Id }, { additionalProperties: false }),
    lane: 'background',
    attempts: 10,
    backoffMs: 10_000,
    timeoutMs: 30 * 60_000,
    needs: 'server',
    on: [],
    emits: ['job.updated'],
  },
  'trash.purge': {
    summary: 'Removes workspaces and conversations for good that were deleted and not restored in time',
    data: Type.Object({}, { additionalProperties: false }),
    lane: 'background',
    attempts: 5,
    backoffMs: 30_000,
    timeoutMs: 15 * 60_000,
    priority: 'low',
    needs: 'server',
    on: [],
    emits: ['job.updated'],
  },
  'mail.send': {
    summary: 'Hands a queued mail to the mail server',
    data: Type.Object({ mailId: Id }, { additionalProperties: false }),
    lane: 'background',
    attempts: 10,
    backoffMs: 2_000,
    timeoutMs: 60_000,
    needs: 'server',
    on: [],
    emits: ['job.updated'],
  },
} as const satisfies Record<string, JobDefinition>

/** The name of a job of {@link JOBS}. */
export type JobName = keyof typeof JOBS
/** What a job of that name needs to know. */
export type JobData<N extends JobName> = Static<(typeof JOBS)[N]['data']>

/** States of a job. The last three are final, but a failed or cancelled one can be retried. */
export const JOB_STATES = ['queued', 'active', 'completed', 'failed', 'cancelled'] as const

/** How fast a job is at what it is doing now: what the words of `phase` say, in numbers. */
export const JobPace = Type.Object(
  {
    done: Type.Integer({ minimum: 0, description: 'How many are done: files, for an analysis' }),
    total: Type.Integer({ minimum: 0, description: 'Of how many' }),
    perSecond: Type.Optional(Type.Number({ minimum: 0, description: 'How many a second, in this phase' })),
    secondsLeft: Type.Optional(
      Type.Number({ minimum: 0, description: 'How long the whole job may still take, by how long it took so far' }),
    ),
  },
  { description: 'How fast it is, in numbers' },
)
export type JobPace = Static<typeof JobPace>

/** A job as clients see it, and as `job` frames and `job.updated` events carry it. */
export const Job = Type.Object(
  {
    id: Id,
    name: Type.String({ description: 'What it does', examples: ['source.analyze'] }),
    state: Enum(JOB_STATES),
    progress: Type.Number({ minimum: 0, maximum: 1, description: 'How far it is, 0 to 1' }),
    phase: Type.Optional(Type.String({ description: 'What it is doing now', examples: ['parsing'] })),
    pace: Type.Optional(JobPace),
    result: Type.Optional(Type.Unknown({ description: 'What it brought, once completed' })),
    error: Type.Optional(Type.Object({ code: Type.String(), message: Type.String() })),
    workspaceId: Nullable(Id),
    attempt: Type.Integer({ minimum: 0, description: 'How often it has begun' }),
    version: Type.Integer({ minimum: 1 }),
    createdAt: Time,
    startedAt: Type.Optional(Time),
    finishedAt: Type.Optional(Time),
  },
  { $id: 'Job', description: 'Work that goes on in the background' },
)
export type Job = Static<typeof Job>

/** What a job's handler gets. */
export interface JobRun<N extends JobName = JobName> {
  id: string
  name: N
  data: JobData<N>
  /** Whoever submitted it, with the rights of now. Services check them as for a request. {@link SERVER} for the server's own. */
  actor: Actor
  workspaceId: string | undefined
  /** 1 for the first run, counted over crashes too. */
  attempt: number
  /** True when a failure of this run ends the job. */
  lastAttempt: boolean
  /** Aborted when the job is cancelled, runs too long, or the process goes away. */
  signal: AbortSignal
  /** Tells how far it is; cheap to call often: stored and sent a few times a second at most. */
  progress(value: number, phase?: string, pace?: JobPace): void
}

/**
 * Does a job. Must be idempotent: it may run again after a crash, even when it had ended. What it returns is the job's
 * public result (small, JSON). A thrown Problem with a status below 500 ends the job at once; others are tried again.
 */
export type JobHandler<N extends JobName> = (run: JobRun<N>) => Promise<object | undefined>

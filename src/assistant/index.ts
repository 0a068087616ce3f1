import type { Model } from '../contracts/model.ts'
import type { Actor, WorkspaceRole } from '../contracts/policy.ts'
import type { PubSub } from '../contracts/pubsub.ts'
import type { Retrieval } from '../contracts/retrieval.ts'
import type { Database } from '../db/database.ts'
import { createAllowance } from './allowance.ts'
import { createEndings } from './endings.ts'
import { createReplyHandler } from './handler.ts'
import { createReplyRepository } from './replies.ts'
import { createAssistantService } from './service.ts'
import { createStops } from './stops.ts'
import { createWaiting } from './waiting.ts'
import { createWatchers } from './watchers.ts'
import { createWriter, type ReplyFrames } from './writer.ts'

/** What the feature needs from the outside. */
export interface AssistantOptions {
  db: Database
  model: Model
  retrieval: Retrieval
  pubsub: Pick<PubSub, 'publish' | 'subscribe'>
  frames: ReplyFrames
  roleOf: (userId: string, workspaceId: string) => Promise<WorkspaceRole | undefined>
  demandWrite: (actor: Actor, conversationId: string) => Promise<unknown>
  withdrawJob: (jobId: string) => Promise<unknown>
  onError: (error: unknown) => void
  /** Tokens of the free tier in a month; undefined: no limit. */
  monthlyTokens?: number | undefined
  /** How often what is written so far is stored, ms. */
  checkpointMs?: number
}

const SWEEP_MS = 15_000

/** The assistant, put together: plans replies for the messages feature, writes them as jobs, stops and repeats them. */
export async function createAssistant(options: AssistantOptions) {
  const { db, model, retrieval, pubsub, frames, roleOf, demandWrite, withdrawJob, onError, checkpointMs } = options
  const repository = createReplyRepository(db.sql)
  const watchers = await createWatchers(pubsub, onError)
  const stops = await createStops(pubsub)
  const waiting = createWaiting(repository.find)
  const allowance = createAllowance({ db, monthly: options.monthlyTokens })
  const end = createEndings(db, repository, allowance)
  const write = createWriter({ model, frames, watchers, repository, ...(checkpointMs && { checkpointMs }) })
  const service = createAssistantService({ db, repository, end, stops, allowance, demandWrite, withdrawJob })
  const timer = setInterval(() => void service.sweep().catch(onError), SWEEP_MS)
  timer.unref()

  return {
    ...service,
    ...waiting,
    find: repository.find,
    follow: watchers.follow,
    /** What somebody may use of the month. */
    allowance: { admit: allowance.admit, usage: allowance.usage },
    /** The handler of `reply.generate`. */
    generate: createReplyHandler({ repository, retrieval, write, end, stops, allowance, roleOf }),
    async close(): Promise<void> {
      clearInterval(timer)
      await Promise.all([watchers.close(), stops.close()])
    },
  }
}

/** See {@link createAssistant}. */
export type Assistant = Awaited<ReturnType<typeof createAssistant>>

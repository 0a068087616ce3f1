import type { Model } from '../contracts/model.ts'
import type { Actor, WorkspaceRole } from '../contracts/policy.ts'
import type { PubSub } from '../contracts/pubsub.ts'
import type { Database } from '../db/database.ts'
import { createEndings } from './endings.ts'
import { createReplyHandler } from './handler.ts'
import { createReplyRepository } from './replies.ts'
import { createRetrieval } from './retrieval.ts'
import { createAssistantService } from './service.ts'
import { createStops } from './stops.ts'
import { createWaiting } from './waiting.ts'
import { createWatchers } from './watchers.ts'
import { createWriter, type ReplyFrames } from './writer.ts'

/** What the feature needs from the outside. */
export interface AssistantOptions {
  db: Database
  model: Model
  pubsub: Pick<PubSub, 'publish' | 'subscribe'>
  frames: ReplyFrames
  roleOf: (userId: string, workspaceId: string) => Promise<WorkspaceRole | undefined>
  demandWrite: (actor: Actor, conversationId: string) => Promise<unknown>
  withdrawJob: (jobId: string) => Promise<unknown>
  onError: (error: unknown) => void
  /** How often what is written so far is stored, ms. */
  checkpointMs?: number
}

const SWEEP_MS = 15_000

/** The assistant, put together: plans replies for the messages feature, writes them as jobs, stops and repeats them. */
export async function createAssistant(options: AssistantOptions) {
  const { db, model, pubsub, frames, roleOf, demandWrite, withdrawJob, onError, checkpointMs } = options
  const repository = createReplyRepository(db.sql)
  const retrieval = createRetrieval(db.sql)
  const watchers = await createWatchers(pubsub, onError)
  const stops = await createStops(pubsub)
  const waiting = createWaiting(repository.find)
  const end = createEndings(db, repository)
  const write = createWriter({ model, frames, watchers, repository, ...(checkpointMs && { checkpointMs }) })
  const service = createAssistantService({ db, repository, end, stops, demandWrite, withdrawJob })
  const timer = setInterval(() => void service.sweep().catch(onError), SWEEP_MS)
  timer.unref()

  return {
    ...service,
    retrieval,
    ...waiting,
    find: repository.find,
    follow: watchers.follow,
    /** The handler of `reply.generate`. */
    generate: createReplyHandler({ repository, retrieval, write, end, stops, roleOf }),
    async close(): Promise<void> {
      clearInterval(timer)
      await Promise.all([watchers.close(), stops.close()])
    },
  }
}

/** See {@link createAssistant}. */
export type Assistant = Awaited<ReturnType<typeof createAssistant>>

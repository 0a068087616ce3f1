import { setTimeout as sleep } from 'node:timers/promises'
import { problem } from '../contracts/errors.ts'
import type { StoredEvent } from '../contracts/events.ts'
import type { Message } from '../contracts/messages.ts'
import type { Actor } from '../contracts/policy.ts'
import type { Database } from '../db/database.ts'
import type { Allowance } from './allowance.ts'
import type { EndReply } from './endings.ts'
import { createReplyPlanner } from './plan.ts'
import { type Question, type ReplyRepository, toMessage } from './replies.ts'
import type { Stops } from './stops.ts'

/** What the service needs. */
export interface AssistantServiceOptions {
  db: Database
  repository: ReplyRepository
  end: EndReply
  stops: Stops
  allowance: Pick<Allowance, 'admit' | 'sweep'>
  /** Demands that the actor may write in a conversation. @throws NOT_FOUND, FORBIDDEN */
  demandWrite: (actor: Actor, conversationId: string) => Promise<unknown>
  /** Takes back a job that is not needed any more. */
  withdrawJob: (jobId: string) => Promise<unknown>
}

/** How long a stop waits for whoever writes before it ends the reply itself, ms. */
const STOP_MS = 1_000
/** Replies without a job that are older than this are ended, ms. */
const ABANDONED_MS = 10_000
const ATTEMPTS = 5

/** Stopping and repeating replies, and seeing to it that each one ends. */
export function createAssistantService({
  db,
  repository,
  end,
  stops,
  allowance,
  demandWrite,
  withdrawJob,
}: AssistantServiceOptions) {
  const plan = createReplyPlanner(repository)

  async function demandReply(actor: Actor, messageId: string) {
    const missing = () => problem('NOT_FOUND', { detail: 'No such reply of the assistant' })
    const reply = await repository.find(messageId)
    if (!reply) throw missing()
    // Outsiders must not learn from the words that there is one.
    await demandWrite(actor, reply.conversationId).catch((error: unknown) => {
      throw (error as { status?: number }).status === 404 ? missing() : error
    })
    return reply
  }

  /** Makes a waiting reply with its job; undefined when one waits already. */
  const make = (actor: Actor, question: Question, replyId: string) =>
    db.transact(async (tx) => {
      const occasion = { ...question, mode: 'always' as const, humanMembers: 1, authorId: actor.userId, replyId }
      const planned = await plan(tx, occasion)
      if (!planned) return undefined
      const [position] = await tx.emitNow([planned.event])
      const seq = position?.seq ?? 0
      await planned.store(tx, seq)
      const message = { ...(planned.event.data as Message), seq }
      return { messageId: planned.messageId, jobId: planned.jobId, message }
    })

  return {
    plan,

    /**
     * Stops a reply; what was written so far stays. A reply that has ended already is answered as it is.
     * @throws NOT_FOUND, FORBIDDEN
     */
    async stop(actor: Actor, messageId: string): Promise<Message> {
      let reply = await demandReply(actor, messageId)
      if (reply.status !== 'streaming') return toMessage(reply)
      await stops.request(messageId)
      for (let waited = 0, pause = 15; waited < STOP_MS; waited += pause, pause *= 2) {
        await sleep(pause)
        reply = (await repository.find(messageId)) ?? reply
        if (reply.status !== 'streaming') return toMessage(reply)
      }
      // Nobody writes it (yet), or whoever does is gone.
      const ended = await end(messageId, { status: 'stopped' })
      const jobId = await repository.jobOf(messageId)
      // One that waits would take the next question along, and then find its reply at its end.
      if (jobId !== undefined) await withdrawJob(jobId)
      return ended ?? toMessage((await repository.find(messageId)) ?? reply)
    },

    /** Has a message answered whatever the mode of its conversation; one that waits already takes it along. @throws NOT_FOUND, FORBIDDEN */
    async answer(actor: Actor, questionId: string, replyId: string): Promise<{ messageId: string; jobId: string }> {
      const question = await repository.question(questionId)
      if (!question) throw problem('NOT_FOUND', { detail: 'No such message' })
      await demandWrite(actor, question.conversationId)
      for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
        const made = (await make(actor, question, replyId)) ?? (await repository.waiting(question.conversationId))
        if (made) return made
      }
      throw problem('OVERLOADED', { detail: 'Too many questions at once in this conversation', retryAfter: 1 })
    },

    /** Writes another reply to the message that a reply answers. @throws NOT_FOUND, FORBIDDEN, CONFLICT while one is being written, ASSISTANT_QUOTA_EXCEEDED */
    async regenerate(actor: Actor, messageId: string): Promise<Message> {
      const { replyTo, status } = await demandReply(actor, messageId)
      if (status === 'streaming')
        throw problem('CONFLICT', { detail: 'The reply is still being written: stop it first' })
      const question = replyTo === null ? undefined : await repository.question(replyTo)
      if (!question) throw problem('CONFLICT', { detail: 'The message that it answers is gone' })
      const admission = await allowance.admit(actor, question.content)
      try {
        const made = await make(actor, question, admission.replyId)
        if (!made) throw problem('CONFLICT', { detail: 'A reply is about to be written already' })
        return made.message
      } finally {
        await admission.close()
      }
    },

    /** Ends the reply of a job that is over without having ended it: cancelled while it waited, or given up. For `job.updated`. */
    async jobEnded({ data }: Pick<StoredEvent, 'data'>): Promise<void> {
      const { id, name, state } = data as { id: string; name: string; state: string }
      if (name !== 'reply.generate' || (state !== 'failed' && state !== 'cancelled')) return
      const messageId = await repository.messageOf(id)
      if (messageId === undefined) return
      // A writer that was told to stop ends it better: with all it has written.
      if (state === 'cancelled') await sleep(STOP_MS, undefined, { ref: false })
      await end(messageId, { status: state === 'cancelled' ? 'stopped' : 'failed' })
    },

    /** Ends replies that a crash left without anybody to write them. */
    async sweep(ageMs = ABANDONED_MS): Promise<void> {
      for (const id of await repository.abandoned(ageMs)) await end(id, { status: 'failed' })
      await allowance.sweep()
    },
  }
}

/** See {@link createAssistantService}. */
export type AssistantService = ReturnType<typeof createAssistantService>

import { problem } from '../contracts/errors.ts'
import type { JobHandler, JobRun } from '../contracts/jobs.ts'
import type { ModelRequest } from '../contracts/model.ts'
import { demand, type WorkspaceRole } from '../contracts/policy.ts'
import { JobCancelled, QueueClosing } from '../contracts/queue.ts'
import type { EndReply } from './endings.ts'
import { smallTalkOf, stripMention } from './question.ts'
import type { ReplyContext, ReplyRepository, ReplyRow } from './replies.ts'
import type { Retrieval } from './retrieval.ts'
import type { Stops } from './stops.ts'
import type { Writer, Written } from './writer.ts'

/** What the handler needs. */
export interface ReplyHandlerOptions {
  repository: ReplyRepository
  retrieval: Retrieval
  write: Writer
  end: EndReply
  stops: Stops
  roleOf: (userId: string, workspaceId: string) => Promise<WorkspaceRole | undefined>
}

/** Passages that a model is shown. */
const PASSAGES = 8
/** How much of the question the search reads, in characters. */
const MAX_QUESTION = 4_000

/** Does the job `reply.generate`: looks again who asks, searches, lets the model write, and ends the reply once. */
export function createReplyHandler(options: ReplyHandlerOptions): JobHandler<'reply.generate'> {
  const { repository, retrieval, write, end, stops, roleOf } = options

  /** What the one who asked may look through: the workspace, or as a guest only what was attached in the conversation. */
  async function scopeOf(run: JobRun<'reply.generate'>, context: ReplyContext) {
    const role = await roleOf(run.actor.userId, context.workspaceId)
    if (role === undefined && !context.member) throw problem('NOT_FOUND', { detail: 'No such conversation' })
    if (role !== undefined) demand(role, 'conversations:read')
    const { workspaceId, uploads } = context
    return { workspaceId, preferred: uploads, ...(role === undefined && { only: uploads }) }
  }

  async function requestFor(run: JobRun<'reply.generate'>, reply: ReplyRow): Promise<ModelRequest> {
    const context = await repository.context(reply, run.actor.userId)
    if (!context) throw problem('NOT_FOUND', { detail: 'No such conversation' })
    const scope = await scopeOf(run, context)
    const question = stripMention(context.questions.map((message) => message.content).join('\n\n')).slice(-MAX_QUESTION)
    const smallTalk = smallTalkOf(question)
    const found = await retrieval.search(smallTalk ? '' : question, scope, PASSAGES)
    return { question, history: context.history, ...found, ...(smallTalk && { smallTalk }) }
  }

  return async (run) => {
    const reply = await repository.find(run.data.messageId)
    if (reply?.status !== 'streaming') return { status: reply?.status ?? 'gone' }
    const stop = stops.arm(reply.id)
    const signal = AbortSignal.any([run.signal, stop.signal])
    const written: Written = { content: '', citations: [] }
    try {
      const request = await requestFor(run, reply)
      run.progress(0.1, 'writing')
      await write(reply, request, signal, written, stop.now)
      await end(reply.id, { status: 'complete', ...written })
      return { status: 'complete', messageId: reply.id }
    } catch (error) {
      const reason = signal.aborted ? signal.reason : error
      // Somebody else goes on with it, from the beginning.
      if (reason instanceof QueueClosing) throw reason
      if (stop.signal.aborted || reason instanceof JobCancelled) {
        await end(reply.id, { status: 'stopped', ...written })
        return { status: 'stopped', messageId: reply.id }
      }
      if (isFinal(run, reason)) await end(reply.id, { status: 'failed', content: written.content })
      throw reason
    } finally {
      stop.disarm()
    }
  }
}

function isFinal(run: JobRun, reason: unknown): boolean {
  const status = (reason as { status?: unknown } | undefined)?.status
  return run.lastAttempt || run.signal.aborted || (typeof status === 'number' && status < 500)
}

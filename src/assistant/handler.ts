import { Problem, problem } from '../contracts/errors.ts'
import type { JobHandler, JobRun } from '../contracts/jobs.ts'
import type { ModelRequest } from '../contracts/model.ts'
import { demand, type WorkspaceRole } from '../contracts/policy.ts'
import { JobCancelled, QueueClosing } from '../contracts/queue.ts'
import type { Retrieval } from '../contracts/retrieval.ts'
import { type Allowance, fitted, inputTokensOf, MAX_OUTPUT_TOKENS, tokensOf } from './allowance.ts'
import type { Ending, EndReply } from './endings.ts'
import { smallTalkOf, stripMention } from './question.ts'
import type { ReplyContext, ReplyRepository, ReplyRow } from './replies.ts'
import type { Stops } from './stops.ts'
import type { Writer, Written } from './writer.ts'

/** What the handler needs. */
export interface ReplyHandlerOptions {
  repository: ReplyRepository
  retrieval: Retrieval
  write: Writer
  end: EndReply
  stops: Stops
  allowance: Pick<Allowance, 'reserve' | 'charge'>
  roleOf: (userId: string, workspaceId: string) => Promise<WorkspaceRole | undefined>
}

/** Passages that a model is shown. */
const PASSAGES = 8
/** How much of the question the search reads, in characters. */
const MAX_QUESTION = 4_000

/** Does the job `reply.generate`: looks again who asks, searches, lets the model write, and ends the reply once. */
export function createReplyHandler(options: ReplyHandlerOptions): JobHandler<'reply.generate'> {
  const { repository, retrieval, write, end, stops, allowance, roleOf } = options

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
    const { history } = context
    return { question, history, ...found, maxOutputTokens: MAX_OUTPUT_TOKENS, ...(smallTalk && { smallTalk }) }
  }

  return async (run) => {
    const reply = await repository.find(run.data.messageId)
    if (reply?.status !== 'streaming') return { status: reply?.status ?? 'gone' }
    const stop = stops.arm(reply.id)
    const signal = AbortSignal.any([run.signal, stop.signal])
    const written: Written = { content: '', citations: [] }
    let asked: ModelRequest | undefined
    const ending = (status: Ending['status']) => {
      const { content, citations } = written
      return end(reply.id, { status, content, citations, tokens: costOf(asked, written) })
    }
    try {
      const wanted = await requestFor(run, reply)
      const tokens = await allowance.reserve(run.actor, reply.id, inputTokensOf(wanted) + MAX_OUTPUT_TOKENS)
      const request = fitted(wanted, tokens)
      asked = request
      run.progress(0.1, 'writing')
      await write(reply, request, signal, written, stop.now)
      await ending('complete')
      return { status: 'complete', messageId: reply.id }
    } catch (error) {
      const reason = signal.aborted ? signal.reason : error
      const repeated = reason instanceof QueueClosing
      if (!repeated && (stop.signal.aborted || reason instanceof JobCancelled)) {
        await ending('stopped')
        return { status: 'stopped', messageId: reply.id }
      }
      if (!repeated && isFinal(run, reason)) {
        written.citations = []
        if (reason instanceof Problem && reason.code === 'ASSISTANT_QUOTA_EXCEEDED') written.content = reason.detail
        await ending('failed')
      } else await allowance.charge(reply.id, costOf(asked, written))
      throw reason
    } finally {
      stop.disarm()
    }
  }
}

/** What a model was asked for and has written; nothing where it was not asked. */
function costOf(asked: ModelRequest | undefined, { content, usage }: Written): number {
  if (asked === undefined) return 0
  return usage ? usage.inputTokens + usage.outputTokens : inputTokensOf(asked) + tokensOf(content)
}

function isFinal(run: JobRun, reason: unknown): boolean {
  const status = (reason as { status?: unknown } | undefined)?.status
  return run.lastAttempt || run.signal.aborted || (typeof status === 'number' && status < 500)
}

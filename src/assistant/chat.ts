import { problem } from '../contracts/errors.ts'
import type { Job } from '../contracts/jobs.ts'
import type { Message } from '../contracts/messages.ts'
import type { Actor } from '../contracts/policy.ts'
import type { Assistant } from './index.ts'
import type { ChatAccepted, ChatAnswer, ChatBody } from './model.ts'
import { type ReplyRow, toMessage } from './replies.ts'

/** What asking in one call needs. */
export interface ChatOptions {
  assistant: Assistant
  createConversation: (actor: Actor, input: { title: string; workspaceId?: string }) => Promise<{ id: string }>
  sendMessage: (
    actor: Actor,
    conversationId: string,
    input: { content: string; uploadIds?: string[] },
    replyId: string,
  ) => Promise<{ message: { id: string }; reply?: { messageId: string; jobId: string } }>
  /** The workspace of an upload that the actor may read. @throws NOT_FOUND */
  workspaceOf: (actor: Actor, uploadId: string) => Promise<string>
  findJob: (id: string) => Promise<Job | undefined>
  /** Calls back when a reader may not read on in a conversation; call what it answers when nobody reads any more. */
  watch: (actor: Actor, conversationId: string, end: (close: ChatClose) => void) => () => void
}

/** Why a stream was cut off: what a WebSocket would be closed with. */
export interface ChatClose {
  code: number
  reason: string
}

/** What a stream of one answer says, in this order: `reply_started`, `reply_delta` again and again, `message`; or `close` at any time. */
export type ChatEvent =
  | { event: 'reply_started'; data: ChatAccepted }
  | { event: 'reply_delta'; data: { messageId: string; index: number; text: string } }
  | { event: 'message'; data: ChatAnswer }
  | { event: 'close'; data: ChatClose }
  | { event: 'waiting' }

/** How long a call waits for the whole answer, ms. What takes longer is answered as accepted, or found by its id. */
const ANSWER_MS = 60_000
const STREAM_MS = 5 * 60_000
/** A sign of life in a stream, ms. */
const HEARTBEAT_MS = 10_000
const TITLE = 80

/** A question in one call: makes the conversation where none is named, writes the message, and follows the reply. */
export function createChat({ assistant, createConversation, sendMessage, workspaceOf, findJob, watch }: ChatOptions) {
  async function conversationFor(actor: Actor, body: ChatBody): Promise<string> {
    if (body.conversationId) return body.conversationId
    const upload = body.uploadIds?.[0]
    const workspaceId = body.workspaceId ?? (upload && (await workspaceOf(actor, upload)))
    const title = body.message.replace(/\s+/g, ' ').trim().slice(0, TITLE) || 'Question'
    return (await createConversation(actor, { title, ...(workspaceId && { workspaceId }) })).id
  }

  async function ask(actor: Actor, body: ChatBody): Promise<{ reply: ReplyRow; jobId: string }> {
    const { message: content, uploadIds } = body
    const admission = await assistant.allowance.admit(actor, content)
    try {
      const conversationId = await conversationFor(actor, body)
      const input = { content, ...(uploadIds && { uploadIds }) }
      const sent = await sendMessage(actor, conversationId, input, admission.replyId)
      // Who asks in this way wants an answer, whatever the mode of the conversation.
      const answer = () => assistant.answer(actor, sent.message.id, admission.replyId)
      const { messageId, jobId } = sent.reply ?? (await answer())
      const reply = await assistant.find(messageId)
      if (!reply) throw problem('NOT_FOUND', { detail: 'The conversation was deleted meanwhile' })
      return { reply, jobId }
    } finally {
      await admission.close()
    }
  }

  async function accepted(reply: ReplyRow, jobId: string): Promise<ChatAccepted> {
    const job = await findJob(jobId)
    if (!job) throw problem('NOT_FOUND', { detail: 'The conversation was deleted meanwhile' })
    return { conversationId: reply.conversationId, message: toMessage(reply), job }
  }

  /** Texts of a reply as they come, `undefined` now and then when nothing does; ends with the reply. */
  async function* textsOf(
    reply: ReplyRow,
    signal: AbortSignal,
  ): AsyncGenerator<string | undefined, Message | undefined> {
    const texts: string[] = []
    let wake = () => {}
    let ended: { message: Message | undefined } | undefined
    const stop = assistant.follow(reply.id, (text) => {
      texts.push(text)
      wake()
    })
    const over = assistant.ended(reply.id, reply.conversationId, STREAM_MS, signal).then((message) => {
      ended = { message }
      wake()
    })
    over.catch(() => wake())
    try {
      while (!ended) {
        if (texts.length > 0) yield texts.splice(0).join('')
        else if (await pause((resume) => (wake = resume))) yield undefined
        if (ended === undefined && signal.aborted) return undefined
      }
      await over
      if (texts.length > 0) yield texts.splice(0).join('')
      return (ended as { message: Message | undefined }).message
    } finally {
      stop()
    }
  }

  async function* tell(
    actor: Actor,
    { id: messageId, conversationId, ...reply }: ReplyRow,
    start: ChatAccepted,
    signal: AbortSignal,
  ): AsyncGenerator<ChatEvent> {
    const revoked = new AbortController()
    const release = watch(actor, conversationId, (close) => revoked.abort(close))
    try {
      yield { event: 'reply_started', data: start }
      const texts = textsOf({ id: messageId, conversationId, ...reply }, AbortSignal.any([signal, revoked.signal]))
      for (let index = 0; ; ) {
        const { value, done } = await texts.next()
        if (revoked.signal.aborted) yield { event: 'close', data: revoked.signal.reason as ChatClose }
        else if (done && value) yield { event: 'message', data: { conversationId, message: value } }
        if (done || revoked.signal.aborted) return
        if (value === undefined) yield { event: 'waiting' }
        else yield { event: 'reply_delta', data: { messageId, index: index++, text: value } }
      }
    } finally {
      release()
    }
  }

  return {
    /** Asks and waits: the whole answer, or what is accepted when it takes longer than `waitMs`. */
    async answer(actor: Actor, body: ChatBody, waitMs = ANSWER_MS): Promise<ChatAnswer | ChatAccepted> {
      const { reply, jobId } = await ask(actor, body)
      const message = await assistant.ended(reply.id, reply.conversationId, waitMs)
      return message ? { conversationId: reply.conversationId, message } : accepted(reply, jobId)
    },

    /** Asks, and answers at once with what will be the reply. */
    async accept(actor: Actor, body: ChatBody): Promise<ChatAccepted> {
      const { reply, jobId } = await ask(actor, body)
      return accepted(reply, jobId)
    },

    /** Asks, and tells what happens. The question is stored once this resolves; leaving the stream does not stop the reply. */
    async stream(actor: Actor, body: ChatBody, signal: AbortSignal): Promise<AsyncGenerator<ChatEvent>> {
      const { reply, jobId } = await ask(actor, body)
      const start = await accepted(reply, jobId)
      return tell(actor, reply, start, signal)
    },
  }
}

/** See {@link createChat}. */
export type Chat = ReturnType<typeof createChat>

/** Waits until it is told to go on; true when nobody did for the time of a heartbeat. */
function pause(tell: (resume: () => void) => void): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(true), HEARTBEAT_MS)
    tell(() => {
      clearTimeout(timer)
      resolve(false)
    })
  })
}

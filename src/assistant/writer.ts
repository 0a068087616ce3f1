import { topicOf } from '../contracts/events.ts'
import type { Citation } from '../contracts/messages.ts'
import type { Model, ModelRequest } from '../contracts/model.ts'
import type { ReplyRepository, ReplyRow } from './replies.ts'
import type { Watchers } from './watchers.ts'

/** Sends a frame to whoever follows a topic right now, on all instances. */
export interface ReplyFrames {
  broadcast(topic: string, frame: { type: 'reply_delta' } & Record<string, unknown>): void
}

/** What writing needs. */
export interface WriterOptions {
  model: Model
  frames: ReplyFrames
  watchers: Watchers
  repository: Pick<ReplyRepository, 'checkpoint'>
  /** How often what is written so far is stored, ms. Default 1,000. */
  checkpointMs?: number
}

/** A reply as far as it was written. */
export interface Written {
  content: string
  citations: Citation[]
  /** What the model says that it has used; undefined until it does. */
  usage?: { inputTokens: number; outputTokens: number }
}

/**
 * Lets the model write, and passes on each piece as it comes. `into` holds what is written at any moment, also when this throws. Index 0
 * means that the text begins, also for the second time: whoever collects pieces starts afresh then.
 */
export function createWriter({ model, frames, watchers, repository, checkpointMs = 1_000 }: WriterOptions) {
  return async (
    reply: ReplyRow,
    request: ModelRequest,
    signal: AbortSignal,
    into: Written,
    onGone: () => void,
  ): Promise<void> => {
    const topic = topicOf('conversation', reply.conversationId)
    const watched = watchers.begin(reply.id)
    let index = 0
    let storedAt = Date.now()
    try {
      for await (const event of model.reply(request, signal)) {
        if (event.type === 'citation') into.citations.push(event.citation)
        if (event.type === 'usage') into.usage = { inputTokens: event.inputTokens, outputTokens: event.outputTokens }
        if (event.type !== 'delta' || event.text === '') continue
        into.content += event.text
        const piece = { messageId: reply.id, index: index++, text: event.text }
        frames.broadcast(topic, { type: 'reply_delta', ...piece })
        watched.piece(piece)
        if (Date.now() - storedAt < checkpointMs) continue
        storedAt = Date.now()
        if (!(await repository.checkpoint(reply.id, into.content))) onGone()
      }
    } finally {
      watched.end()
    }
  }
}

/** See {@link createWriter}. */
export type Writer = ReturnType<typeof createWriter>

import { ParleyError } from '../errors.ts'
import { createStream } from '../stream.ts'
import type { Message } from '../types.ts'
import type { ReplyDelta, TopicEvent } from './frames.ts'
import type { NewChat, Socket } from './index.ts'

/** An answer of the assistant while it is written: iterate it for the pieces of text, await `done` for the whole message. */
export type Reply = AsyncIterable<string> & {
  /** The final message with its citations; rejects when the message could not be sent or the assistant failed. */
  readonly done: Promise<Message>
  /** Asks the server to stop; the reply then ends with what was written so far. */
  stop(): Promise<void>
}

export type ReplyDeps = {
  socket: Socket
  /** Reads one message by REST, patiently, for the case that its events are gone. */
  getMessage: (id: string, signal: AbortSignal) => Promise<Message>
  /** The newest messages of a conversation, patiently, to find the reply where the acknowledgement names none. */
  newest: (conversationId: string, signal: AbortSignal) => Promise<Message[]>
  /** Milliseconds without any piece of the answer before it counts as failed. */
  silenceMs?: number
}

const isStreaming = ({ status }: Message): boolean => status === 'streaming'
const FINAL = new Set(['reply.completed', 'reply.stopped', 'reply.failed'])

/** Writes a message and follows the assistant's reply to it, over losses of the connection. */
export function ask({ socket, getMessage, newest, silenceMs = 60_000 }: ReplyDeps, chat: NewChat): Reply {
  const pieces = createStream<string>(() => undefined)
  const topic = socket.subscribe(`conversation:${chat.conversationId}`)
  /** What came before the acknowledgement said which reply is ours. */
  const early: { events: TopicEvent<Message>[]; deltas: ReplyDelta[] } = { events: [], deltas: [] }
  let replyId: string | undefined
  let next = 0
  let given = ''
  let silence: ReturnType<typeof setTimeout> | undefined
  let settle: { resolve(message: Message): void; reject(error: unknown): void } | undefined
  const done = new Promise<Message>((resolve, reject) => {
    settle = { resolve, reject }
  })
  done.catch(() => undefined)

  let over = false
  /** Ends what is still being read when the reply is over. */
  const reading = new AbortController()
  const close = (): void => {
    over = true
    reading.abort()
    clearTimeout(silence)
    offDelta()
    topic.close()
  }
  const fail = (error: unknown): void => {
    if (over) return
    close()
    pieces.fail(error)
    settle?.reject(error)
  }
  const alive = (): void => {
    clearTimeout(silence)
    silence = setTimeout(() => {
      fail(new ParleyError({ code: 'TIMEOUT', message: `The assistant has said nothing for ${silenceMs / 1000} s.` }))
    }, silenceMs)
  }

  const finish = (message: Message): void => {
    if (over) return
    if (message.status === 'failed') {
      const reason = message.content || 'The assistant could not answer.'
      fail(new ParleyError({ code: 'REPLY_FAILED', message: reason }))
      return
    }
    // Pieces that were lost with a connection are in the final text.
    if (message.content.startsWith(given)) {
      const rest = message.content.slice(given.length)
      if (rest !== '') pieces.push(rest)
    }
    close()
    pieces.end()
    settle?.resolve(message)
  }

  const onEvent = (event: TopicEvent<Message>): void => {
    if (replyId === undefined) early.events.push(event)
    else if (FINAL.has(event.name) && event.data.id === replyId) finish(event.data)
  }

  const onDelta = (delta: ReplyDelta): void => {
    if (replyId === undefined) {
      early.deltas.push(delta)
      return
    }
    if (delta.messageId !== replyId || delta.index !== next) return
    alive()
    next += 1
    given += delta.text
    pieces.push(delta.text)
  }

  /** Reads how the reply stands, where no event may come to tell it. */
  const look = async (): Promise<void> => {
    if (replyId === undefined) return
    const message = await getMessage(replyId, reading.signal)
    if (!isStreaming(message)) finish(message)
  }

  /** A question that was stored before has its reply already; one that came while a reply waited is taken along by that. */
  const findReply = async ({ id, conversationId }: Message): Promise<Message | undefined> => {
    const messages = await newest(conversationId, reading.signal)
    return messages.find(({ replyTo, role }) => role === 'assistant' && replyTo === id) ?? messages.find(isStreaming)
  }

  const offDelta = socket.on('reply_delta', onDelta)
  topic.on('event', (event) => onEvent(event as TopicEvent<Message>))
  topic.on('refused', fail)
  topic.on('reset', () => void look().catch(fail))

  const start = async (): Promise<void> => {
    await topic.ready
    const { message, reply } = await socket.chat(chat)
    replyId = reply?.messageId ?? (await findReply(message))?.id
    if (replyId === undefined) {
      throw new ParleyError({ code: 'NO_REPLY', message: 'The assistant does not answer to this message here.' })
    }
    alive()
    for (const delta of early.deltas.splice(0)) onDelta(delta)
    for (const event of early.events.splice(0)) onEvent(event)
    // The same question sent before (by its clientId) may have been answered long ago.
    if (chat.clientId !== undefined) await look()
  }
  start().catch(fail)

  return {
    done,
    async stop() {
      if (replyId !== undefined) await socket.stop(replyId)
    },
    [Symbol.asyncIterator]: () => pieces,
  }
}

import { ParleyError, problemError } from '../errors.ts'
import type { Http } from '../http/request.ts'
import { readEvents } from '../http/sse.ts'
import type { Message } from '../types.ts'

/** One question, with or without a conversation. */
export type ChatInput = { message: string; conversationId?: string; uploadIds?: string[] }
/** A piece of the streamed answer, or the whole at the end. */
export type ChatEvent = { event: string; data: unknown }

/** Questions by plain HTTP, for programs that want no socket. */
export function chatApi(http: Http) {
  return {
    /** Asks and waits for the whole answer. */
    ask: (input: ChatInput) =>
      http.json<{ conversationId: string; message: Message }>('POST', '/api/chat', { body: input }),
    /** Asks and yields the server-sent events of the answer as they come. Throws when the stream reports an error. */
    async *stream(input: ChatInput, signal?: AbortSignal): AsyncGenerator<ChatEvent> {
      const response = await http.raw('POST', '/api/chat', {
        body: input,
        headers: { accept: 'text/event-stream' },
        signal,
      })
      if (!response.body) throw new ParleyError({ code: 'BAD_ANSWER', message: 'The server sent no stream.' })
      for await (const { event, data } of readEvents(response.body)) {
        const parsed: unknown = JSON.parse(data)
        if (event === 'error') throw problemError(response.status, response.headers, parsed)
        yield { event, data: parsed }
      }
    },
  }
}

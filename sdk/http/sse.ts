/** One server-sent event. */
export type ServerEvent = { event: string; data: string; id: string | undefined }

/**
 * Reads a text/event-stream body (https://html.spec.whatwg.org/multipage/server-sent-events.html#parsing-an-event-stream).
 * Ends with the body; does not reconnect. Comments (heartbeats) are left out.
 */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let buffer = ''
  let event = ''
  let id: string | undefined
  let data: string[] = []
  try {
    for (;;) {
      const { value, done } = await reader.read()
      buffer += done ? decoder.decode() : decoder.decode(value, { stream: true })
      // A lone CR at the end may be the first half of CRLF: it waits for the next chunk.
      const lines = buffer.split(/\r\n|\n|\r(?!$)/)
      buffer = lines.pop() ?? ''
      for (const line of lines) {
        if (line === '') {
          if (data.length > 0) yield { event: event || 'message', data: data.join('\n'), id }
          event = ''
          data = []
          continue
        }
        const colon = line.indexOf(':')
        if (colon === 0) continue
        const field = colon < 0 ? line : line.slice(0, colon)
        const text = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
        if (field === 'event') event = text
        else if (field === 'data') data.push(text)
        else if (field === 'id' && !text.includes('\0')) id = text
      }
      if (done) return
    }
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

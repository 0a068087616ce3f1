/** One server-sent event (HTML standard, 9.2.5): a name and JSON data. */
export const sseEvent = (event: string, data: unknown): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`

/** A sign of life that clients do not see. */
export const SSE_HEARTBEAT = ': \n\n'

/** Headers of a stream of events that no proxy should hold back or keep. */
export const SSE_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
} as const

/** Whether a client asks for a stream of events rather than for JSON. */
export const acceptsEvents = (accept: string | undefined): boolean => /\btext\/event-stream\b/i.test(accept ?? '')

/** Whether `Prefer` (RFC 7240) asks for an answer before the work is done. */
export const prefersAsync = (prefer: string | undefined): boolean =>
  /(^|[,;]\s*)respond-async\s*($|[,;])/i.test(prefer ?? '')

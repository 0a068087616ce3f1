/** One invalid field of a request, as the server names it. */
export type FieldError = { path: string; message: string }

/** What a ParleyError is made of. */
export type ParleyErrorFields = {
  /** Stable error code of the server (for example `VALIDATION_FAILED`), or one of the client's own: see {@link ClientCode}. */
  code: string
  message: string
  /** HTTP status; 0 when no answer came, or when the error came as a WebSocket frame. */
  status?: number
  requestId?: string | undefined
  errors?: FieldError[] | undefined
  /** Seconds the server asks to wait before another try. */
  retryAfter?: number | undefined
  cause?: unknown
}

/**
 * Codes that the client itself gives:
 * `NETWORK` no answer came, `TIMEOUT` no answer in time, `CLOSED` the client was closed, `FRAME_TOO_LARGE` the frame exceeds the
 * server's limit, `BAD_ANSWER` the answer was not what the server promises (a proxy's HTML page, for example).
 */
export type ClientCode =
  | 'NETWORK'
  | 'TIMEOUT'
  | 'CLOSED'
  | 'FRAME_TOO_LARGE'
  | 'BAD_ANSWER'
  | 'NOT_SIGNED_IN'
  | 'NO_REPLY'
  | 'REPLY_FAILED'
  | 'JOB_FAILED'

/** The only error this package throws for a request that did not succeed. Branch on `code`, show `message`. */
export class ParleyError extends Error {
  override readonly name = 'ParleyError'
  readonly code: string
  readonly status: number
  readonly requestId: string | undefined
  readonly errors: FieldError[]
  readonly retryAfter: number | undefined

  constructor(fields: ParleyErrorFields) {
    super(fields.message, fields.cause === undefined ? undefined : { cause: fields.cause })
    this.code = fields.code
    this.status = fields.status ?? 0
    this.requestId = fields.requestId
    this.errors = fields.errors ?? []
    this.retryAfter = fields.retryAfter
  }
}

type Problem = { code?: unknown; title?: unknown; detail?: unknown; requestId?: unknown; errors?: unknown }

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

/** Seconds from a Retry-After header in either of its two forms (RFC 9110 section 10.2.3); undefined when absent or unreadable. */
export function retryAfterSeconds(header: string | null, now = Date.now()): number | undefined {
  if (!header) return undefined
  if (/^\d+$/.test(header)) return Number(header)
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, Math.ceil((date - now) / 1000))
}

/** Turns an answer that is not 2xx into a ParleyError; `body` is the parsed problem (RFC 9457) or anything else. */
export function problemError(status: number, headers: Headers, body: unknown): ParleyError {
  const problem: Problem = typeof body === 'object' && body !== null ? body : {}
  return new ParleyError({
    code: text(problem.code) ?? 'BAD_ANSWER',
    status,
    message: text(problem.detail) ?? text(problem.title) ?? `the server answered ${status}`,
    requestId: text(problem.requestId) ?? headers.get('x-request-id') ?? undefined,
    errors: Array.isArray(problem.errors) ? (problem.errors as FieldError[]) : [],
    retryAfter: retryAfterSeconds(headers.get('retry-after')),
  })
}

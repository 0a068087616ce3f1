/**
 * The one table of errors: stable code -> HTTP status and title. Titles never change with the occasion; the occasion goes into `detail`.
 * docs/reference/errors.md is generated from it.
 */
export const ERRORS = {
  BAD_REQUEST: { status: 400, title: 'The request could not be understood' },
  VALIDATION_FAILED: { status: 400, title: 'The request does not match its schema' },
  INVALID_CURSOR: { status: 400, title: 'The cursor is not one of this list' },
  LINK_INVALID: { status: 400, title: 'The link is not valid any more' },
  UNAUTHENTICATED: { status: 401, title: 'Authentication is needed' },
  INVALID_CREDENTIALS: { status: 401, title: 'Email or password is wrong' },
  MFA_CODE_INVALID: { status: 401, title: 'The code is wrong' },
  OAUTH_FAILED: { status: 401, title: 'The identity provider did not sign you in' },
  PASSKEY_INVALID: { status: 401, title: 'The passkey was not accepted' },
  TOKEN_INVALID: { status: 401, title: 'The token is not valid' },
  TOKEN_EXPIRED: { status: 401, title: 'The token has expired' },
  SESSION_REVOKED: { status: 401, title: 'The session has ended' },
  FORBIDDEN: { status: 403, title: 'Not allowed' },
  ACCOUNT_DISABLED: { status: 403, title: 'The account is disabled' },
  EMAIL_UNVERIFIED: { status: 403, title: 'The email is not confirmed' },
  REAUTHENTICATION_REQUIRED: { status: 403, title: 'Send your current password too, or sign in again' },
  ORIGIN_NOT_ALLOWED: { status: 403, title: 'This origin is not allowed' },
  CSRF_REFUSED: { status: 403, title: 'The request may have been made by another page' },
  SIGNATURE_INVALID: { status: 403, title: 'The signature is not valid' },
  NOT_FOUND: { status: 404, title: 'Not found' },
  ROUTE_NOT_FOUND: { status: 404, title: 'No such route' },
  METHOD_NOT_ALLOWED: { status: 405, title: 'Method not allowed' },
  NOT_ACCEPTABLE: { status: 406, title: 'No acceptable representation' },
  REQUEST_TIMEOUT: { status: 408, title: 'The request took too long to arrive' },
  CONFLICT: { status: 409, title: 'The record is in conflict with another' },
  EMAIL_TAKEN: { status: 409, title: 'The email is already registered' },
  OAUTH_LINK_REQUIRED: { status: 409, title: 'An account with this email has to be linked first' },
  IDEMPOTENCY_IN_PROGRESS: { status: 409, title: 'The same request is still being handled' },
  PRECONDITION_FAILED: { status: 412, title: 'The record has changed since it was read' },
  PAYLOAD_TOO_LARGE: { status: 413, title: 'Too large' },
  QUOTA_EXCEEDED: { status: 413, title: 'The quota is used up' },
  URI_TOO_LONG: { status: 414, title: 'The URL is too long' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, title: 'Unsupported media type' },
  RANGE_NOT_SATISFIABLE: { status: 416, title: 'The range cannot be served' },
  UNPROCESSABLE: { status: 422, title: 'The request cannot be carried out as it is' },
  IDEMPOTENCY_MISMATCH: { status: 422, title: 'The idempotency key belongs to another request' },
  FILE_INFECTED: { status: 422, title: 'The file is infected' },
  ARCHIVE_REFUSED: { status: 422, title: 'The archive was refused' },
  PRECONDITION_REQUIRED: { status: 428, title: 'If-Match is required' },
  ASSISTANT_QUOTA_EXCEEDED: { status: 429, title: 'The allowance of the assistant is used up' },
  RATE_LIMITED: { status: 429, title: 'Too many requests' },
  HEADERS_TOO_LARGE: { status: 431, title: 'The headers are too large' },
  INTERNAL: { status: 500, title: 'Internal error' },
  OVERLOADED: { status: 503, title: 'Overloaded, try again later' },
  NOT_READY: { status: 503, title: 'Not ready' },
  DEPENDENCY_UNAVAILABLE: { status: 503, title: 'A service it needs is not available' },
  STORAGE_FULL: { status: 507, title: 'The storage is full' },
} as const satisfies Record<string, { status: number; title: string }>

/** A stable error code of {@link ERRORS}. */
export type ErrorCode = keyof typeof ERRORS

/** One faulty place of the input: a JSON pointer-like path and the reason. */
export interface FieldError {
  path: string
  message: string
}

/** What may be said beyond the code. `detail` is public; `cause` is for the log only; `retryAfter` is in seconds. */
export interface ProblemOptions {
  detail?: string
  errors?: FieldError[]
  retryAfter?: number
  headers?: Record<string, string>
  cause?: unknown
}

/** An expected error with a stable code. Not for programming faults: those stay plain errors and become INTERNAL. */
export class Problem extends Error {
  override readonly name = 'Problem'
  readonly code: ErrorCode
  readonly status: number
  readonly title: string
  readonly detail: string
  readonly errors: FieldError[] | undefined
  readonly retryAfter: number | undefined
  readonly headers: Record<string, string> | undefined

  constructor(code: ErrorCode, options: ProblemOptions = {}) {
    const { status, title } = ERRORS[code]
    super(options.detail ?? title, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.status = status
    this.title = title
    this.detail = options.detail ?? title
    this.errors = options.errors
    this.retryAfter = options.retryAfter
    this.headers = options.headers
  }
}

/** Makes a {@link Problem} to throw: `throw problem('NOT_FOUND', { detail: 'No such conversation' })`. */
export const problem = (code: ErrorCode, options?: ProblemOptions): Problem => new Problem(code, options)

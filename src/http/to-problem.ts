import type { FastifyError } from 'fastify'
import { type ErrorCode, Problem, problem } from '../contracts/errors.ts'
import { fieldErrors } from './validation.ts'

const FRAMEWORK: Record<string, ErrorCode> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'PAYLOAD_TOO_LARGE',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'BAD_REQUEST',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'BAD_REQUEST',
  FST_ERR_BAD_URL: 'BAD_REQUEST',
  FST_ERR_MAX_PARAM_LENGTH: 'URI_TOO_LONG',
  FST_JWT_AUTHORIZATION_TOKEN_EXPIRED: 'TOKEN_EXPIRED',
  FST_REQ_FILE_TOO_LARGE: 'PAYLOAD_TOO_LARGE',
  FST_FILES_LIMIT: 'PAYLOAD_TOO_LARGE',
  FST_PARTS_LIMIT: 'PAYLOAD_TOO_LARGE',
  FST_FIELDS_LIMIT: 'PAYLOAD_TOO_LARGE',
  FST_INVALID_MULTIPART_CONTENT_TYPE: 'UNSUPPORTED_MEDIA_TYPE',
}

const BY_STATUS: Record<number, ErrorCode> = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHENTICATED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  406: 'NOT_ACCEPTABLE',
  408: 'REQUEST_TIMEOUT',
  413: 'PAYLOAD_TOO_LARGE',
  414: 'URI_TOO_LONG',
  415: 'UNSUPPORTED_MEDIA_TYPE',
  429: 'RATE_LIMITED',
  431: 'HEADERS_TOO_LARGE',
  503: 'OVERLOADED',
}

/** Texts and numbers that PostgreSQL cannot store: the input's fault. */
const BAD_INPUT = new Set(['22021', '22P02', '22P05', '22003', '22007', '22008'])
/** The database is away, full, read-only or shutting down: not our fault and not the client's. */
const UNAVAILABLE =
  /^(08|53|57P|58|25006$|CONNECT|ECONN|CONNECTION|EPIPE$|ETIMEDOUT$|ENOTFOUND$|EAI_AGAIN$|EHOSTUNREACH$|ENETUNREACH$|ERR_STREAM_DESTROYED$)/
/** Two wanted the same rows at once, or waited too long for each other: the same request may succeed a moment later. */
const CONTENDED = new Set(['40P01', '40001', '55P03', '57014'])

function fromDatabase(code: string, cause: unknown): Problem | undefined {
  if (BAD_INPUT.has(code)) return problem('BAD_REQUEST', { detail: 'A value cannot be stored as it is', cause })
  if (code === '23505') return problem('CONFLICT', { detail: 'A record with these values is there already', cause })
  if (code === '23503')
    return problem('UNPROCESSABLE', { detail: 'A record that this one refers to does not exist', cause })
  if (CONTENDED.has(code)) return problem('OVERLOADED', { retryAfter: 1, cause })
  if (UNAVAILABLE.test(code)) return problem('DEPENDENCY_UNAVAILABLE', { retryAfter: 2, cause })
  return undefined
}

/**
 * Every error as a {@link Problem}: our own as they are, the framework's by its code, PostgreSQL's by SQLSTATE, all else as INTERNAL, whose
 * cause is for the log only.
 */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error
  const { code, statusCode, validation, validationContext, message, cause } = error as FastifyError & {
    cause?: { code?: string }
  }
  if (validation !== undefined) {
    return problem('VALIDATION_FAILED', {
      errors: fieldErrors(validation as never, validationContext),
      detail: 'See errors for each fault',
    })
  }
  const known = FRAMEWORK[code]
  if (known !== undefined) return problem(known, { cause: error })
  const fromDriver = fromDatabase(String(cause?.code ?? code ?? ''), error)
  if (fromDriver !== undefined) return fromDriver
  const mapped = statusCode === undefined ? undefined : BY_STATUS[statusCode]
  if (mapped !== undefined && statusCode !== undefined && statusCode < 500)
    return problem(mapped, { detail: message, cause: error })
  return problem(statusCode === 503 ? 'OVERLOADED' : 'INTERNAL', { cause: error })
}

/** The type of a refusal that is registered with IANA (draft-ietf-httpapi-ratelimit-headers-11 section 6); all others are our own. */
const REGISTERED: Partial<Record<ErrorCode, string>> = {
  RATE_LIMITED: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
}

/** The body of an error answer. */
export const problemBody = (error: Problem, instance: string, requestId: string) => ({
  type: REGISTERED[error.code] ?? `https://parley.dev/problems/${error.code.toLowerCase().replaceAll('_', '-')}`,
  title: error.title,
  status: error.status,
  detail: error.detail,
  instance,
  code: error.code,
  requestId,
  ...(error.errors === undefined ? {} : { errors: error.errors }),
})

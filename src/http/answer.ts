import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Problem } from '../contracts/errors.ts'
import { problemBody } from './to-problem.ts'

/** Answers with a problem, and logs what the operator should know: faults of ours with their cause, refusals with the address. */
export function answerProblem(error: Problem, request: FastifyRequest, reply: FastifyReply) {
  if (error.status >= 500 && error.code === 'INTERNAL')
    request.log.error({ err: error.cause ?? error }, 'request failed')
  else if (error.status === 401 || error.status === 403)
    request.log.warn({ code: error.code, ip: request.ip }, 'request refused')
  if (error.retryAfter !== undefined) reply.header('retry-after', Math.max(1, Math.ceil(error.retryAfter)))
  else if (error.status === 503) reply.header('retry-after', 1)
  // RFC 9110 section 15.5.2: every 401 says how to authenticate.
  if (error.status === 401) reply.header('www-authenticate', 'Bearer')
  if (error.headers !== undefined) reply.headers(error.headers)
  const instance = request.url.split('?', 1)[0] ?? '/'
  return reply
    .code(error.status)
    .header('cache-control', 'no-store')
    .type('application/problem+json')
    .serializer((body: unknown) => (typeof body === 'string' ? body : JSON.stringify(body)))
    .send(problemBody(error, instance, request.id))
}

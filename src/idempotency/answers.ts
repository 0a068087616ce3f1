import type { FastifyReply, FastifyRequest } from 'fastify'
import { problem } from '../contracts/errors.ts'
import type { Claim, IdempotencyStore, KeyedRequest } from './store.ts'

/** Headers of the first answer that its replay repeats. */
const REPEATED = ['content-type', 'location', 'etag'] as const

/** The success status that the route documents. */
const successOf = (request: FastifyRequest) =>
  Number(
    Object.keys((request.routeOptions.schema?.response as object | undefined) ?? {}).find((status) =>
      status.startsWith('2'),
    ) ?? 200,
  )

/**
 * Answers a request whose key was claimed before; does nothing for a fresh one.
 * @throws IDEMPOTENCY_MISMATCH, IDEMPOTENCY_IN_PROGRESS
 */
export function settle(claim: Claim, request: FastifyRequest, reply: FastifyReply) {
  if (claim.kind === 'mismatch')
    throw problem('IDEMPOTENCY_MISMATCH', { detail: 'This Idempotency-Key was used for another request' })
  if (claim.kind === 'running') throw problem('IDEMPOTENCY_IN_PROGRESS', { retryAfter: 1 })
  reply.header('idempotency-replayed', 'true')
  if (claim.kind === 'outcome') return reply.code(successOf(request)).send(claim.outcome)
  if (claim.kind === 'answered') {
    const { status, headers, body } = claim.answer
    return reply
      .code(status)
      .headers(headers)
      .serializer((text: unknown) => text as string)
      .send(body)
  }
  return undefined
}

/** Stores the answer under the key; faults of ours and streams free the key again. */
export async function remember(store: IdempotencyStore, keyed: KeyedRequest, reply: FastifyReply, payload: unknown) {
  // Cookies of a sign-in are stored nowhere: a retry signs in again.
  if (reply.hasHeader('set-cookie')) return store.release(keyed)
  if (reply.statusCode >= 500 || (payload !== null && payload !== undefined && typeof payload !== 'string')) {
    return store.release(keyed)
  }
  const headers = Object.fromEntries(
    REPEATED.flatMap((name) => (reply.hasHeader(name) ? [[name, String(reply.getHeader(name))]] : [])),
  )
  return store.finish(keyed, { status: reply.statusCode, headers, body: payload ?? '' })
}

import { createHash } from 'node:crypto'
import { problem } from '../contracts/errors.ts'
import type { KeyedRequest } from './store.ts'

const KEY = /^[\x21-\x7e]{1,255}$/

/**
 * Checks an Idempotency-Key header; undefined where none was sent.
 * @throws BAD_REQUEST
 */
export function checkKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined || (typeof header === 'string' && KEY.test(header))) return header
  throw problem('BAD_REQUEST', { detail: 'Idempotency-Key must be 1 to 255 visible ASCII characters, e.g. a UUID' })
}

/** What is claimed: whose key it is, and what the request was. `body` is the body itself or a digest of it. */
export function describeRequest(
  request: { method: string; url: string; userId: string | undefined; address: string },
  key: string,
  body: string,
): KeyedRequest {
  const { method, url, userId, address } = request
  const fingerprint = createHash('sha256').update(`${method} ${url}\n${body}`).digest('hex')
  return { scope: userId === undefined ? `address:${address}` : `user:${userId}`, key, fingerprint }
}

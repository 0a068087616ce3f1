import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { parse, stringify } from 'uuid'

const TAG_BYTES = 16
const RANDOM_BYTES = 32
const LENGTH = 16 + RANDOM_BYTES + TAG_BYTES

const tagOf = (secret: string, body: Buffer) =>
  createHmac('sha256', secret).update('refresh').update(body).digest().subarray(0, TAG_BYTES)

/** SHA-256 of a token in hex: all that is stored of it. */
export const hashToken = (token: string): string => createHash('sha256').update(token).digest('hex')

/**
 * Makes an opaque refresh token: session id, 256 random bits and a tag. The tag tells a real, used-up token of the family (reuse: the family is
 * revoked) from an invented one (which must not be able to end anybody's session).
 */
export function makeRefreshToken(sessionId: string, secret: string): string {
  const body = Buffer.concat([parse(sessionId), randomBytes(RANDOM_BYTES)])
  return Buffer.concat([body, tagOf(secret, body)]).toString('base64url')
}

/** The session id of a token that this server made; undefined for any other text. */
export function sessionOfToken(token: string, secret: string): string | undefined {
  const bytes = Buffer.from(token, 'base64url')
  if (bytes.length !== LENGTH) return undefined
  const body = bytes.subarray(0, LENGTH - TAG_BYTES)
  return timingSafeEqual(bytes.subarray(LENGTH - TAG_BYTES), tagOf(secret, body))
    ? stringify(bytes.subarray(0, 16))
    : undefined
}

import { createHash, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'
import { parse, stringify } from 'uuid'
import type { TokenPair, User } from './model.ts'

const ID_BYTES = 16
const TAG_BYTES = 16
const RANDOM_BYTES = 32
const LENGTH = 2 * ID_BYTES + RANDOM_BYTES + TAG_BYTES

/** SHA-256 of a token in hex: all that is stored of it. */
export const hashToken = (token: string): string => createHash('sha256').update(token).digest('hex')

/** Whether what a route answers is a pair of tokens, with or without the account that signed in. */
export const isTokenPair = (payload: unknown): payload is TokenPair & { user?: User } =>
  typeof payload === 'object' && payload !== null && 'accessToken' in payload && 'refreshToken' in payload

/** The session that a token names, and its user. */
export interface NamedSession {
  sessionId: string
  userId: string
}

/**
 * Opaque refresh tokens: session id, user id, 256 random bits and a tag. The tag tells a real, used-up token of the family (reuse: the family is
 * revoked) from an invented one (which must not be able to end anybody's session). It proves nothing else: whether a token is good
 * is looked up.
 */
export function createRefreshTokens(secret: string) {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'parley refresh tokens', 32))
  const tagOf = (body: Buffer) => createHmac('sha256', key).update(body).digest().subarray(0, TAG_BYTES)

  return {
    make({ sessionId, userId }: NamedSession): string {
      const body = Buffer.concat([parse(sessionId), parse(userId), randomBytes(RANDOM_BYTES)])
      return Buffer.concat([body, tagOf(body)]).toString('base64url')
    },
    /** What a token of this server names; undefined for any other text. */
    read(token: string): NamedSession | undefined {
      const bytes = Buffer.from(token, 'base64url')
      if (bytes.length !== LENGTH) return undefined
      const body = bytes.subarray(0, LENGTH - TAG_BYTES)
      if (!timingSafeEqual(bytes.subarray(LENGTH - TAG_BYTES), tagOf(body))) return undefined
      return {
        sessionId: stringify(bytes.subarray(0, ID_BYTES)),
        userId: stringify(bytes.subarray(ID_BYTES, 2 * ID_BYTES)),
      }
    },
  }
}

/** See {@link createRefreshTokens}. */
export type RefreshTokens = ReturnType<typeof createRefreshTokens>

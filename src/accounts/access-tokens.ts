import { LRUCache } from 'lru-cache'
import { problem } from '../contracts/errors.ts'
import type { SigningAlgorithm, SigningKey } from '../lib/signing-keys.ts'
import type { KeyRing } from './key-ring.ts'

/** What an access token says. `sid` is its session, `exp` in seconds since 1970. */
export interface AccessClaims {
  sub: string
  sid: string
  typ: string
  exp: number
}

/** Signing and verifying of JWTs (RFC 7519), as @fastify/jwt does it. */
export interface JwtCodec {
  sign(payload: object, options: { key: Buffer; algorithm: SigningAlgorithm; kid: string }): string
  /** Verifies signature, times, issuer and audience. Throws an error with a code. */
  verify(token: string, options: { key: Buffer; algorithms: SigningAlgorithm[] }): AccessClaims
}

/** What access tokens need. */
export interface AccessTokensOptions {
  ring: KeyRing
  codec: JwtCodec
  /** Called with a token whose key is unknown, before it is refused: keys may have changed just now. */
  onUnknownKey: () => void
}

const REMEMBERED = 10_000

/** The key id that a token names, from its header alone; nothing else of the header is believed (`alg`, `jku`, `jwk`, `x5u` ...). */
function kidOf(token: string): string | undefined {
  try {
    const header = JSON.parse(Buffer.from(token.slice(0, token.indexOf('.')), 'base64url').toString()) as {
      kid?: unknown
      crit?: unknown
    }
    return typeof header.kid === 'string' && header.crit === undefined ? header.kid : undefined
  } catch {
    return undefined
  }
}

/**
 * Access tokens: short-lived JWTs that name a user and a session. That a token is genuine says nothing of whether its session still
 * stands: ask sessions for that. The algorithm is that of the key, never that of the token (RFC 8725 section 3.1).
 */
export function createAccessTokens({ ring, codec, onUnknownKey }: AccessTokensOptions) {
  /** Tokens whose signature and claims were found good. They still expire, and their session is asked each time. */
  const verified = new LRUCache<string, AccessClaims>({ max: REMEMBERED })

  const refuse = (code: 'TOKEN_INVALID' | 'TOKEN_EXPIRED', cause?: unknown) =>
    problem(code, { cause, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } })

  function keyOf(token: string): SigningKey {
    const kid = kidOf(token)
    if (kid === undefined) throw refuse('TOKEN_INVALID')
    const key = ring.find(kid)
    if (key !== undefined) return key
    onUnknownKey()
    const late = ring.find(kid)
    if (late === undefined) throw refuse('TOKEN_INVALID')
    return late
  }

  return {
    sign(claims: { sub: string; sid: string }): string {
      const { signWith, algorithm, kid } = ring.current()
      return codec.sign({ ...claims, typ: 'access' }, { key: signWith, algorithm, kid })
    },

    /** @throws TOKEN_INVALID, TOKEN_EXPIRED */
    verify(token: string): AccessClaims {
      const known = verified.get(token)
      if (known !== undefined && known.exp * 1000 > Date.now()) return known
      const { verifyWith, algorithm } = keyOf(token)
      let claims: AccessClaims
      try {
        claims = codec.verify(token, { key: verifyWith, algorithms: [algorithm] })
      } catch (cause) {
        throw refuse(
          (cause as { code?: string }).code === 'FAST_JWT_EXPIRED' ? 'TOKEN_EXPIRED' : 'TOKEN_INVALID',
          cause,
        )
      }
      if (claims.typ !== 'access') throw refuse('TOKEN_INVALID')
      verified.set(token, claims)
      return claims
    },
  }
}

/** See {@link createAccessTokens}. */
export type AccessTokens = ReturnType<typeof createAccessTokens>

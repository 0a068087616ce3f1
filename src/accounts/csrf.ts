import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'

/**
 * Tokens against cross-site request forgery: a keyed digest of the session, so that nothing is stored, and that of one session is worth nothing
 * in another (OWASP: signed double submit bound to the session, whose cookie half is the sign-in itself).
 */
export function createCsrf(secret: string) {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'parley csrf tokens', 32))
  const tokenOf = (sessionId: string) => createHmac('sha256', key).update(sessionId).digest('base64url')
  return {
    tokenOf,
    /** Whether a token is that of the session; compared in constant time. */
    fits(sessionId: string, token: unknown): boolean {
      const expected = Buffer.from(tokenOf(sessionId))
      const given = Buffer.from(typeof token === 'string' ? token : '')
      return given.length === expected.length && timingSafeEqual(given, expected)
    },
  }
}

/** See {@link createCsrf}. */
export type Csrf = ReturnType<typeof createCsrf>

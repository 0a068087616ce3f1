import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'

/** What a signature vouches for. `expires` is in seconds since 1970. */
export interface SignedClaim {
  uploadId: string
  expires: number
  disposition: 'attachment' | 'inline'
}

/**
 * Signs URLs with HMAC-SHA-256 under a key of its own, derived from the secret (RFC 5869), so that a signature is worth
 * nothing elsewhere. A signed URL lets whoever has it read one file until it expires; it is not bound to a user.
 */
export function createUrlSigner(secret: string) {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'parley signed upload url v1', 32))
  const mac = ({ uploadId, expires, disposition }: SignedClaim) =>
    createHmac('sha256', key).update(`${uploadId}\n${expires}\n${disposition}`).digest()

  return {
    /** The signature as 43 characters of base64url. */
    sign: (claim: SignedClaim): string => mac(claim).toString('base64url'),
    /** Whether the signature is right and its time not over. Compares in constant time. */
    verify(claim: SignedClaim, signature: string, now = Date.now()): boolean {
      const given = Buffer.from(signature, 'base64url')
      const right = mac(claim)
      return given.length === right.length && timingSafeEqual(given, right) && claim.expires * 1000 > now
    },
  }
}

/** See {@link createUrlSigner}. */
export type UrlSigner = ReturnType<typeof createUrlSigner>

import { SEALED } from '../db/sealed.ts'
import type { Sealer } from '../lib/seal.ts'

/** Loaded with the first second factor. */
const otpauth = () => import('otpauth')

/** RFC 6238 with what every app understands: SHA-1, 6 digits, 30 seconds. */
const PARAMETERS = { algorithm: 'SHA1', digits: 6, period: 30 } as const
/** 160 bits, the length of the hash (RFC 4226 section 4, R6). */
const SECRET_BYTES = 20
/** Steps before and after the present one that are accepted too: clocks differ. */
const WINDOW = 1
const { purpose } = SEALED['totp_factors.secret']

/** A new secret: sealed to be stored, in base32 to type in, and as the otpauth URI that apps read from a QR code. */
export async function makeTotp(sealer: Sealer, userId: string, label: string, issuer: string) {
  const { Secret, TOTP } = await otpauth()
  const secret = new Secret({ size: SECRET_BYTES })
  const totp = new TOTP({ ...PARAMETERS, issuer, label, secret })
  return { sealed: sealer.seal(secret.base32, purpose(userId)), secret: secret.base32, uri: totp.toString() }
}

/** The secret of a stored factor. @throws SealError */
export const openTotp = (sealer: Sealer, userId: string, sealed: string): string => sealer.open(sealed, purpose(userId))

/** The time step whose code this is, of the present one and its neighbours; undefined for a wrong code. Compares in constant time. */
export async function stepOf(secret: string, code: string, now = Date.now()): Promise<number | undefined> {
  const { Secret, TOTP } = await otpauth()
  const totp = new TOTP({ ...PARAMETERS, secret: Secret.fromBase32(secret) })
  const delta = totp.validate({ token: code.replace(/\s/g, ''), timestamp: now, window: WINDOW })
  return delta === null ? undefined : Math.floor(now / 1000 / PARAMETERS.period) + delta
}

import { createHash, createHmac, createPrivateKey, createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'

/** The algorithms that tokens are signed with (RFC 7518 section 3.1, RFC 8037). */
export const SIGNING_ALGORITHMS = ['HS256', 'EdDSA', 'ES256'] as const
/** One of {@link SIGNING_ALGORITHMS}. */
export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number]

/** A key that signs tokens and verifies them; each key has exactly one algorithm, whatever a token claims. */
export interface SigningKey {
  kid: string
  algorithm: SigningAlgorithm
  /** A secret, or a private key in PEM. */
  signWith: Buffer
  /** The same secret, or the public key in PEM. */
  verifyWith: Buffer
  /** The public key as others may know it (RFC 7517); undefined for a secret. */
  publicJwk: PublicJwk | undefined
}

/** A public key of a JWK set. */
export interface PublicJwk {
  kty: string
  crv: string
  x: string
  y?: string
  kid: string
  alg: Exclude<SigningAlgorithm, 'HS256'>
  use: 'sig'
}

/** Bytes that a secret has at least: as many as its hash (RFC 7518 section 3.2). */
const SECRET_BYTES = 32
const KID = /^[\w.~-]{1,100}$/

const short = (digest: Buffer) => digest.toString('base64url').slice(0, 16)

/** A key of a shared secret (HS256). Its id tells no more of the secret than a signature with it does. */
export function secretKey(secret: string | Buffer, kid?: string): SigningKey {
  const bytes = Buffer.from(secret as string)
  const id = kid ?? short(createHmac('sha256', bytes).update('parley key id').digest())
  return { kid: id, algorithm: 'HS256', signWith: bytes, verifyWith: bytes, publicJwk: undefined }
}

function algorithmOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): PublicJwk['alg'] {
  if (asymmetricKeyType === 'ed25519') return 'EdDSA'
  if (asymmetricKeyType === 'ec' && asymmetricKeyDetails?.namedCurve === 'prime256v1') return 'ES256'
  throw new Error('must be an Ed25519 or a P-256 key')
}

function fromKeyObject(key: KeyObject, kid?: string): SigningKey {
  const algorithm = algorithmOf(key)
  const publicKey = createPublicKey(key)
  const { kty = '', crv = '', x = '', y } = publicKey.export({ format: 'jwk' })
  // The thumbprint of RFC 7638: required members, in this order, without spaces.
  const members = y === undefined ? { crv, kty, x } : { crv, kty, x, y }
  const id = kid ?? short(createHash('sha256').update(JSON.stringify(members)).digest())
  return {
    kid: id,
    algorithm,
    signWith: Buffer.from(key.export({ format: 'pem', type: 'pkcs8' }) as string),
    verifyWith: Buffer.from(publicKey.export({ format: 'pem', type: 'spki' }) as string),
    publicJwk: { kty, crv, x, ...(y === undefined ? {} : { y }), kid: id, alg: algorithm, use: 'sig' },
  }
}

/**
 * A key of a private key in PEM, as it is, with `\n` for its line ends, or in base64: environments do not like lines.
 * @throws Error with the end of a sentence about the key
 */
export function privateKey(text: string): SigningKey {
  const lines = text.replaceAll('\\n', '\n').trim()
  const pem = lines.startsWith('-----') ? lines : Buffer.from(lines, 'base64').toString('utf8')
  let key: KeyObject
  try {
    key = createPrivateKey(pem)
  } catch {
    throw new Error('is not a private key in PEM')
  }
  return fromKeyObject(key)
}

function fromJwk(jwk: JsonWebKey & { kid?: string }, place: number): SigningKey {
  const fail = (what: string) => new Error(`has a key (number ${place + 1}) that ${what}`)
  if (typeof jwk !== 'object' || jwk === null) throw fail('is none')
  if (jwk.kid !== undefined && !KID.test(jwk.kid)) throw fail('has an unusable kid')
  if (jwk.kty === 'oct') {
    const secret = Buffer.from(jwk.k ?? '', 'base64url')
    if (secret.length < SECRET_BYTES) throw fail(`is shorter than ${SECRET_BYTES} bytes`)
    return secretKey(secret, jwk.kid)
  }
  if (jwk.d === undefined) throw fail('is not private')
  try {
    return fromKeyObject(createPrivateKey({ key: jwk, format: 'jwk' }), jwk.kid)
  } catch (error) {
    throw fail((error as Error).message)
  }
}

/**
 * The keys of a JWK set (RFC 7517) with private or secret keys; the first one signs.
 * @throws Error with the end of a sentence about the set
 */
export function keysOfSet(text: string): SigningKey[] {
  let set: { keys?: unknown }
  try {
    set = JSON.parse(text) as { keys?: unknown }
  } catch {
    throw new Error('is not JSON')
  }
  if (!Array.isArray(set?.keys) || set.keys.length === 0) throw new Error('has no keys')
  const keys = set.keys.map(fromJwk)
  if (new Set(keys.map(({ kid }) => kid)).size < keys.length) throw new Error('has two keys with one kid')
  return keys
}

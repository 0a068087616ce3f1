import type { PublicJwk, SigningKey } from '../lib/signing-keys.ts'

/** What a ring is made of. */
export interface KeyRingOptions {
  /** Newest first: the first one signs. At least one. */
  keys: readonly SigningKey[]
  /** How long a key that is replaced still verifies, ms: the life of what it signed. */
  keepMs: number
  now?: () => number
}

/**
 * The keys of access tokens: one signs, all verify. A key that is replaced goes on verifying until all that it signed has run out, so that a
 * rotation is not noticed by anybody.
 */
export function createKeyRing({ keys, keepMs, now = Date.now }: KeyRingOptions) {
  let present = [...keys]
  /** Replaced keys, with the time until which they verify. */
  const leaving = new Map<string, { key: SigningKey; until: number }>()

  const stillLeaving = () => {
    for (const [kid, { until }] of leaving) if (until <= now()) leaving.delete(kid)
    return [...leaving.values()].map(({ key }) => key)
  }

  return {
    /** The key that signs. */
    current: (): SigningKey => present[0] as SigningKey,
    /** The key of an id, if it may still verify. Ids are compared as they are; nothing is fetched or looked up by them. */
    find: (kid: string): SigningKey | undefined =>
      present.find((key) => key.kid === kid) ?? stillLeaving().find((key) => key.kid === kid),
    /** Takes other keys, newest first; those that are no longer among them verify for a while. */
    replace(next: readonly SigningKey[]): void {
      if (next.length === 0) throw new TypeError('a ring has at least one key')
      const kids = new Set(next.map(({ kid }) => kid))
      for (const key of present) if (!kids.has(key.kid)) leaving.set(key.kid, { key, until: now() + keepMs })
      for (const kid of kids) leaving.delete(kid)
      present = [...next]
    },
    /** What others need in order to verify: public keys only, those that are leaving too. */
    publicKeys: (): PublicJwk[] =>
      [...present, ...stillLeaving()].flatMap(({ publicJwk }) => (publicJwk === undefined ? [] : [publicJwk])),
  }
}

/** See {@link createKeyRing}. */
export type KeyRing = ReturnType<typeof createKeyRing>

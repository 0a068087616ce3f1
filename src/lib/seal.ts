import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'

/** A sealed text cannot be opened: its key is not in the ring, or it was tampered with. */
export class SealError extends Error {
  override readonly name = 'SealError'
}

/**
 * Seals texts at rest with AES-256-GCM and a ring of keys `2:<base64 of 32 bytes>,1:<...>`, newest first: the first key seals, all open.
 * A sealed text is `<key version>.<base64url of nonce, tag and cipher text>`. `purpose` binds it to its place (additional data).
 */
export function createSealer(ring: string) {
  const keys = new Map(
    ring.split(',').map((entry) => {
      const [version = '', key = ''] = entry.trim().split(':')
      return [version, Buffer.from(key, 'base64')] as const
    }),
  )
  const newest = keys.keys().next().value as string

  return {
    /** The version of the key that seals. */
    newest,
    seal(text: string, purpose: string): string {
      const nonce = randomBytes(12)
      const cipher = createCipheriv('aes-256-gcm', keys.get(newest) as Buffer, nonce).setAAD(Buffer.from(purpose))
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return `${newest}.${Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url')}`
    },
    /** @throws SealError */
    open(sealed: string, purpose: string): string {
      const [version = '', encoded = ''] = sealed.split('.')
      const key = keys.get(version)
      if (key === undefined) throw new SealError(`No key of version '${version}' in ENCRYPTION_KEY`)
      const bytes = Buffer.from(encoded, 'base64url')
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, 12)).setAAD(Buffer.from(purpose))
        decipher.setAuthTag(bytes.subarray(12, 28))
        return Buffer.concat([decipher.update(bytes.subarray(28)), decipher.final()]).toString('utf8')
      } catch (cause) {
        throw new SealError('The sealed text was damaged', { cause })
      }
    },
  }
}

/** The version of the key that a text was sealed with. Says nothing of whether the ring has it. */
export const versionOf = (sealed: string): string => sealed.split('.', 1)[0] as string

/** See {@link createSealer}. */
export type Sealer = ReturnType<typeof createSealer>

import { hash } from 'node:crypto'

/**
 * Deterministic UUID of a key inside a source: version 8 (RFC 9562, section 5.8) over SHA-1, so that the same key in the same
 * source has the same id in every revision and on every machine. Not a secret, and not sortable.
 */
export function stableId(sourceId: string, key: string): string {
  const hex = hash('sha1', `${sourceId}\n${key}`, 'hex')
  const variant = ((Number.parseInt(hex[16] as string, 16) & 3) | 8).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}

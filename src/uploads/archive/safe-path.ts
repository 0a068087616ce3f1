import type { ArchiveLimits, SkipReason } from '../../contracts/archive.ts'

/** A cleaned relative path, a reason to skip, or `null` for the archive's own root directory. */
export type SafePath = { path: string } | { skip: SkipReason } | null

/** C0 and C1 controls, bidirectional overrides, lone surrogates and the replacement character. */
const UNFIT = /[\p{Cc}\u202a-\u202e\u2066-\u2069\ufffd\p{Cs}]/u
const DRIVE = /^[A-Za-z]:/
const MAX_SEGMENT_BYTES = 255

/**
 * Cleans the name of an archive entry. A backslash counts as a separator, as it does for the tools that write one, so
 * that `..\..\x` is caught on every system. Nothing is repaired: a name that points out of the archive is skipped,
 * because a renamed file would be one that nobody packed.
 */
export function safePath(name: string, limits: Pick<ArchiveLimits, 'maxPathBytes' | 'maxDepth'>): SafePath {
  if (name === '' || UNFIT.test(name)) return { skip: 'bad_name' }
  const unified = name.replaceAll('\\', '/')
  if (unified.startsWith('/') || DRIVE.test(unified)) return { skip: 'absolute' }
  const segments = unified.split('/').filter((segment) => segment !== '' && segment !== '.')
  if (segments.includes('..')) return { skip: 'traversal' }
  if (segments.length === 0) return null
  const path = segments.join('/')
  const tooLong = Buffer.byteLength(path) > limits.maxPathBytes || segments.length > limits.maxDepth
  if (tooLong || segments.some((segment) => Buffer.byteLength(segment) > MAX_SEGMENT_BYTES)) return { skip: 'too_long' }
  return { path }
}

/** Makes a hostile name fit to be shown: control characters become `?`, and it is cut at 200 characters. */
export function displayName(name: string): string {
  const shown = [...name.slice(0, 400)].map((char) => (UNFIT.test(char) ? '?' : char))
  return shown.length > 200 ? `${shown.slice(0, 199).join('')}…` : shown.join('')
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** Decodes the bytes of a name: UTF-8 where they are valid UTF-8, else each byte for itself through `fallback`. */
export function decodeName(bytes: Uint8Array, fallback: (bytes: Uint8Array) => string): string {
  try {
    return utf8.decode(bytes)
  } catch {
    return fallback(bytes)
  }
}

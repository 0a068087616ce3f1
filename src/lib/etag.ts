/** The ETag of a record: strong, made of its id's tail and version, so that it changes with every write (RFC 9110, 8.8.3). */
export const recordETag = (record: { id: string; version: number }): string =>
  `"${record.id.slice(-12)}-${record.version.toString(36)}"`

/**
 * Whether an If-Match or If-None-Match header names this ETag.
 * @param weak compare weakly, as If-None-Match does (RFC 9110, 13.1.2)
 */
export function matchesETag(header: string, etag: string, weak = false): boolean {
  const plain = (value: string) => (weak && value.startsWith('W/') ? value.slice(2) : value)
  return header.split(',').some((part) => {
    const candidate = part.trim()
    return candidate === '*' || plain(candidate) === plain(etag)
  })
}

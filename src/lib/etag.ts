/** A record as far as its ETag is made of it. `replyCount` and `reactions` are written by others without another version. */
interface Tagged {
  id: string
  version: number
  replyCount?: number | undefined
  reactions?: readonly { emoji: string; count: number }[] | undefined
}

/** What else is in the record, in a few characters (FNV-1a, 32 bits); empty where there is nothing. */
function beside({ replyCount, reactions }: Tagged): string {
  if (replyCount === undefined && reactions === undefined) return ''
  let hash = 0x811c9dc5
  for (const character of JSON.stringify([replyCount, reactions]))
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0
  return `.${hash.toString(36)}`
}

/** The ETag of a record: strong, made of its id's tail, its version and what others add to it, so that it changes with every write (RFC 9110, 8.8.3). */
export const recordETag = (record: Tagged): string =>
  `"${record.id.slice(-12)}-${record.version.toString(36)}${beside(record)}"`

/** An If-Match header that asks for the version alone: reactions and replies of others are no reason to refuse an edit. */
export const ofVersion = (header: string): string => header.replaceAll(/\.[0-9a-z]+"/g, '"')

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

const MAX_BYTES = 255
/** Controls, bidirectional overrides and lone surrogates: never part of an honest name, and dangerous to show. */
const UNFIT = /[\p{Cc}\p{Cs}\u202a-\u202e\u2066-\u2069]/gu
/** Names of devices on Windows, with any extension. */
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i

/**
 * Makes a file name out of what a client sent: the last part of a path, without anything that is not a name, at most
 * 255 bytes with the extension kept. It is for people only: nothing is ever stored under it.
 */
export function cleanFileName(sent: string | undefined): string {
  const last = (sent ?? '').slice(-4096).split(/[/\\]/).at(-1) ?? ''
  const name = last
    .replace(UNFIT, '')
    .normalize('NFC')
    .trim()
    .replace(/[. ]+$/, '')
  if (name === '') return 'unnamed'
  return shorten(RESERVED.test(name) ? `_${name}` : name)
}

function shorten(name: string): string {
  if (Buffer.byteLength(name) <= MAX_BYTES) return name
  const dot = name.lastIndexOf('.')
  const extension = dot > 0 && name.length - dot <= 16 ? name.slice(dot) : ''
  let stem = ''
  for (const char of name.slice(0, extension ? dot : undefined)) {
    if (Buffer.byteLength(stem + char + extension) > MAX_BYTES) break
    stem += char
  }
  return stem + extension
}

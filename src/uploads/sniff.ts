import type { ContentKind } from '../contracts/uploads.ts'
import { detectArchive } from './archive/format.ts'
import { textTypeOf } from './text-types.ts'

/** What the content of a file says it is. `charset` only for text. */
export interface Sniffed {
  contentType: string
  kind: ContentKind
  charset?: string
}

/** Bytes from the start of a file that {@link sniff} wants to see; fewer only when the file is shorter. */
export const SNIFF_BYTES = 64 * 1024

/** Formats made of readable text that have a magic of their own. Any other magic in pure text is a coincidence. */
const TEXTUAL: Record<string, ContentKind> = {
  'application/pdf': 'document',
  'application/rtf': 'document',
  'application/postscript': 'document',
  'application/eps': 'document',
  'text/calendar': 'text',
  'text/vcard': 'text',
  'text/vtt': 'text',
}

const ARCHIVES =
  /^application\/(zip|x-tar|gzip|x-bzip2|x-7z-compressed|x-rar-compressed|x-xz|zstd|x-lzip|x-compress|x-lz4|x-lzh-compressed|x-arj|x-ace-compressed|x-cpio|x-unix-archive|vnd\.ms-cab-compressed|java-archive)$/
const DOCUMENTS =
  /officedocument|opendocument|epub|vnd\.ms-(word|excel|powerpoint|outlook|htmlhelp)|msword|mobipocket|visio|x-indesign/
/** Formats of the old Office container, which only the name can tell apart. */
const COMPOUND: Record<string, string> = {
  doc: 'application/msword',
  xls: 'application/vnd.ms-excel',
  ppt: 'application/vnd.ms-powerpoint',
  msg: 'application/vnd.ms-outlook',
}

/**
 * Tells what a file is by its first bytes. The name is a hint among text formats only and never outweighs the content:
 * a script called `photo.png` is text, and a program called `notes.md` is not. The type that a client claims is not
 * asked at all.
 *
 * @param head the first {@link SNIFF_BYTES} of the file, or all of a shorter one
 */
export async function sniff(head: Buffer, name: string): Promise<Sniffed> {
  const charset = textCharset(head)
  const magic = head.length === 0 ? undefined : await magicOf(head)
  if (charset) return sniffText(head, name, charset, magic?.mime)
  if (detectArchive(head) === 'tar.gz') return { contentType: 'application/gzip', kind: 'archive' }
  if (!magic) return { contentType: 'application/octet-stream', kind: 'other' }
  const extension = name.split('.').at(-1)?.toLowerCase() ?? ''
  const mime = magic.mime === 'application/x-cfb' ? (COMPOUND[extension] ?? magic.mime) : magic.mime
  return { contentType: mime.replace(/;.*/, '').toLowerCase(), kind: kindOf(mime) }
}

/** The library is loaded with the first upload. */
async function magicOf(head: Buffer) {
  const { fileTypeFromBuffer } = await import('file-type')
  return fileTypeFromBuffer(head).catch(() => undefined)
}

function sniffText(head: Buffer, name: string, charset: string, magic = ''): Sniffed {
  const own = TEXTUAL[magic]
  if (own) return { contentType: magic, kind: own, ...(magic.startsWith('text/') && { charset }) }
  const start = decodeStart(head, charset)
  if (/^(<\?xml[^>]*>\s*)?(<!--.{0,2000}?-->\s*)*(<!doctype svg[^>]*>\s*)?<svg[\s>/]/is.test(start)) {
    return { contentType: 'image/svg+xml', kind: 'image', charset }
  }
  const [contentType, kind] = textTypeOf(name)
  if (contentType !== 'text/plain') return { contentType, kind, charset }
  if (/^(<!--.{0,2000}?-->\s*)*<(!doctype html|html|head|body|script|iframe)[\s>]/is.test(start)) {
    return { contentType: 'text/html', kind: 'code', charset }
  }
  if (start.startsWith('<?xml')) return { contentType: 'application/xml', kind: 'text', charset }
  if (/^#!.{0,80}\b(ba|z|da|k)?sh\b/.test(start)) return { contentType: 'text/x-sh', kind: 'code', charset }
  if (/^#!.{0,80}\bpython/.test(start)) return { contentType: 'text/x-python', kind: 'code', charset }
  if (/^#!.{0,80}\bnode\b/.test(start)) return { contentType: 'text/javascript', kind: 'code', charset }
  return { contentType, kind, charset }
}

function kindOf(mime: string): ContentKind {
  const top = mime.slice(0, mime.indexOf('/'))
  if (top === 'image' || top === 'video' || top === 'audio') return top
  if (mime === 'application/ogg' || mime === 'application/mxf') return 'video'
  if (ARCHIVES.test(mime)) return 'archive'
  return TEXTUAL[mime] ?? (DOCUMENTS.test(mime) ? 'document' : 'other')
}

/** Bytes that no text has: NUL and the controls other than tab, line ends, form feed, backspace and escape. */
const isControl = (byte: number) => byte < 8 || byte === 11 || (byte > 13 && byte < 27) || (byte > 27 && byte < 32)

/** The character set if the bytes are text throughout, else undefined. A character cut off at the end does not count. */
function textCharset(head: Buffer): string | undefined {
  if (head[0] === 0xff && head[1] === 0xfe && isUtf16(head, 'utf-16le')) return 'utf-16le'
  if (head[0] === 0xfe && head[1] === 0xff && isUtf16(head, 'utf-16be')) return 'utf-16be'
  if (head.some(isControl)) return undefined
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true })
    return 'utf-8'
  } catch {
    // One of the old single-byte sets, if it is mostly letters of ASCII.
    const high = head.reduce((sum, byte) => sum + (byte > 0x7f ? 1 : 0), 0)
    return high / head.length < 0.3 ? 'windows-1252' : undefined
  }
}

function isUtf16(head: Buffer, charset: string): boolean {
  try {
    const text = new TextDecoder(charset, { fatal: true }).decode(head, { stream: true })
    return !text
      .slice(0, 4096)
      .split('')
      .some((char) => isControl(char.charCodeAt(0)))
  } catch {
    return false
  }
}

function decodeStart(head: Buffer, charset: string): string {
  return new TextDecoder(charset).decode(head.subarray(0, 4096)).trimStart()
}

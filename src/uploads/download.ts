import { randomBytes } from 'node:crypto'
import { Readable } from 'node:stream'
import { problem } from '../contracts/errors.ts'
import type { ByteRange, OpenedObject } from '../contracts/storage.ts'
import { contentDisposition } from '../lib/content-disposition.ts'
import { matchesETag } from '../lib/etag.ts'
import { parseRange, type Span } from '../lib/range.ts'
import type { UploadRow } from './repository.ts'

/** What a reader asks for, as far as it changes the answer. */
export interface DownloadRequest {
  method: string
  disposition: 'attachment' | 'inline'
  range?: string | undefined
  ifRange?: string | undefined
  ifNoneMatch?: string | undefined
}

/** An answer to send: status, headers, and the content. For HEAD that is an empty stream, so that the length is left as it is told. */
export interface Download {
  status: 200 | 206 | 304
  headers: Record<string, string>
  body: Readable | undefined
}

/** Nothing in a stored file may run with the rights of this origin, wherever a browser may open it. */
const POLICY =
  "default-src 'none'; img-src 'self'; media-src 'self'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"
/** Types that a browser only shows. SVG is not one of them: it can carry script. */
const PASSIVE = /^(image\/(png|apng|jpeg|gif|webp|avif|bmp|x-icon)|audio\/[\w.+-]+|video\/[\w.+-]+|text\/plain)$/
/** Types that are sent as they are. All other text goes as plain text, or `<script src>` could run it on our own pages. */
const HARMLESS =
  /^(application\/(pdf|json|zip|gzip|x-tar|octet-stream)|text\/(plain|csv|markdown|calendar|vcard)|font\/.*)$/

const typeOf = ({ contentType, kind, charset }: UploadRow): string => {
  const sent = charset === null || kind === 'image' || HARMLESS.test(contentType) ? contentType : 'text/plain'
  return charset === null || !sent.startsWith('text/') ? sent : `${sent}; charset=${charset}`
}

/**
 * Answers a request for the content of a file: whole, one range, up to 8 ranges as multipart/byteranges, or 304
 * (RFC 9110, sections 13 and 14). The ETag is the hash of the content, so a broken download can always be resumed.
 *
 * @throws RANGE_NOT_SATISFIABLE with the size in Content-Range
 */
export async function planDownload(
  file: UploadRow,
  request: DownloadRequest,
  open: (range?: ByteRange) => Promise<OpenedObject>,
): Promise<Download> {
  const etag = `"${file.sha256.slice(0, 43)}"`
  const inline = request.disposition === 'inline' && PASSIVE.test(file.contentType)
  const headers: Record<string, string> = {
    etag,
    'accept-ranges': 'bytes',
    'cache-control': 'private, no-cache, no-transform',
    'content-disposition': contentDisposition(inline ? 'inline' : 'attachment', file.name),
    'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff',
  }
  if (request.ifNoneMatch !== undefined && matchesETag(request.ifNoneMatch, etag, true)) {
    return { status: 304, headers, body: request.method === 'HEAD' ? Readable.from([]) : undefined }
  }
  headers['content-type'] = typeOf(file)
  const fresh = request.ifRange === undefined || request.ifRange === etag
  const spans = request.method === 'GET' && fresh ? parseRange(request.range, file.size) : undefined
  if (spans === 'unsatisfiable') {
    const unsatisfied = { 'content-range': `bytes */${file.size}` }
    throw problem('RANGE_NOT_SATISFIABLE', { detail: `The file has ${file.size} bytes`, headers: unsatisfied })
  }
  if (spans && spans.length > 1) return multipart(file, spans, headers, open)
  const [span] = spans ?? []
  headers['content-length'] = String(span ? span.end - span.start + 1 : file.size)
  if (span) headers['content-range'] = `bytes ${span.start}-${span.end}/${file.size}`
  const body = request.method === 'HEAD' ? Readable.from([]) : (await open(span)).stream
  return { status: span ? 206 : 200, headers, body }
}

/** Several ranges in one answer. Each is opened when its turn comes, so one file is open at a time. */
function multipart(
  file: UploadRow,
  spans: Span[],
  headers: Record<string, string>,
  open: (range?: ByteRange) => Promise<OpenedObject>,
): Download {
  const boundary = randomBytes(18).toString('hex')
  const type = headers['content-type']
  const heads = spans.map(
    ({ start, end }) =>
      `\r\n--${boundary}\r\ncontent-type: ${type}\r\ncontent-range: bytes ${start}-${end}/${file.size}\r\n\r\n`,
  )
  const tail = `\r\n--${boundary}--\r\n`
  async function* parts() {
    for (const [index, span] of spans.entries()) {
      yield Buffer.from(heads[index] ?? '')
      yield* (await open(span)).stream
    }
    yield Buffer.from(tail)
  }
  const size = spans.reduce((sum, { start, end }) => sum + end - start + 1, heads.join('').length + tail.length)
  headers['content-type'] = `multipart/byteranges; boundary=${boundary}`
  headers['content-length'] = String(size)
  return { status: 206, headers, body: Readable.from(parts(), { objectMode: false }) }
}

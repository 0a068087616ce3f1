import { ParleyError, problemError } from '../errors.ts'
import { uuid } from '../ids.ts'

/** Bytes sent so far and in all, for a progress bar. */
export type UploadProgress = { sent: number; total: number }

/** A file to upload. In Node use `await fs.openAsBlob(path)`, which reads from the disk while it is sent. */
export type UploadFile = { name: string; data: Blob }

type XhrLike = {
  upload: { onprogress: ((event: { loaded: number }) => void) | null }
  responseText: string
  status: number
  onload: (() => void) | null
  onerror: (() => void) | null
  onabort: (() => void) | null
  open(method: string, url: string): void
  setRequestHeader(name: string, value: string): void
  getAllResponseHeaders(): string
  send(body: FormData): void
  abort(): void
}

/** Blobs in memory come as one chunk; smaller ones make a bar that moves. */
const PIECE = 64 * 1024

const quoted = (name: string) => name.replace(/["\r\n]/g, (char) => encodeURIComponent(char))

/** The multipart/form-data body (RFC 7578) of one file as a stream that tells how far it was read. */
export function multipartStream(file: UploadFile, onProgress?: (progress: UploadProgress) => void) {
  const boundary = `----parley${uuid().replaceAll('-', '')}`
  const encoder = new TextEncoder()
  const type = file.data.type || 'application/octet-stream'
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${quoted(file.name)}"\r\nContent-Type: ${type}\r\n\r\n`
  const total = file.data.size
  let sent = 0
  async function* parts(): AsyncGenerator<Uint8Array> {
    yield encoder.encode(head)
    const reader = file.data.stream().getReader()
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      for (let at = 0; at < read.value.byteLength; at += PIECE) {
        const piece = read.value.subarray(at, at + PIECE)
        yield piece
        sent += piece.byteLength
        onProgress?.({ sent, total })
      }
    }
    yield encoder.encode(`\r\n--${boundary}--\r\n`)
  }
  const source = parts()
  const stream = new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { value, done } = await source.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    async cancel() {
      await source.return(undefined)
    },
  })
  return { stream, contentType: `multipart/form-data; boundary=${boundary}` }
}

/** True where uploads must go through XMLHttpRequest for their progress to be seen: browsers. */
export const hasXhr = (): boolean => 'XMLHttpRequest' in globalThis

function parseHeaders(block: string): Headers {
  const headers = new Headers()
  for (const line of block.trim().split(/[\r\n]+/)) {
    const colon = line.indexOf(':')
    if (colon > 0) headers.append(line.slice(0, colon).trim(), line.slice(colon + 1).trim())
  }
  return headers
}

/** Uploads with XMLHttpRequest (fetch shows no upload progress in browsers). Rejects with a ParleyError. */
export function xhrUpload(
  url: string,
  file: UploadFile,
  headers: Record<string, string>,
  { onProgress, signal }: { onProgress?: (progress: UploadProgress) => void; signal?: AbortSignal | undefined },
): Promise<unknown> {
  const Xhr = (globalThis as unknown as { XMLHttpRequest: new () => XhrLike }).XMLHttpRequest
  return new Promise((resolve, reject) => {
    const xhr = new Xhr()
    const form = new FormData()
    form.append('file', file.data, file.name)
    xhr.open('POST', url)
    for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value)
    xhr.upload.onprogress = ({ loaded }) =>
      onProgress?.({ sent: Math.min(loaded, file.data.size), total: file.data.size })
    xhr.onload = () => {
      let body: unknown
      try {
        body = JSON.parse(xhr.responseText)
      } catch {
        body = undefined
      }
      if (xhr.status >= 200 && xhr.status < 300 && body !== undefined) resolve(body)
      else reject(problemError(xhr.status, parseHeaders(xhr.getAllResponseHeaders()), body))
    }
    xhr.onerror = () =>
      reject(new ParleyError({ code: 'NETWORK', message: 'The upload broke off: the server cannot be reached.' }))
    xhr.onabort = () =>
      reject(signal?.reason ?? new ParleyError({ code: 'CLOSED', message: 'The upload was stopped.' }))
    signal?.addEventListener('abort', () => xhr.abort(), { once: true })
    xhr.send(form)
  })
}

import { randomBytes } from 'node:crypto'

/** A file or field of a form. */
export interface FormFile {
  name?: string
  filename?: string
  type?: string
  content: Buffer | string
}

/** A multipart/form-data body byte by byte, with its headers. */
export function form(...parts: FormFile[]): { payload: Buffer; headers: Record<string, string> } {
  const boundary = `----test${randomBytes(8).toString('hex')}`
  const chunks = parts.flatMap(({ name = 'file', filename, type, content }) => [
    `--${boundary}\r\ncontent-disposition: form-data; name="${name}"${filename === undefined ? '' : `; filename="${filename}"`}\r\n`,
    filename === undefined && type === undefined
      ? '\r\n'
      : `content-type: ${type ?? 'application/octet-stream'}\r\n\r\n`,
    content,
    '\r\n',
  ])
  const payload = Buffer.concat([...chunks, `--${boundary}--\r\n`].map((chunk) => Buffer.from(chunk as string)))
  const headers = {
    'content-type': `multipart/form-data; boundary=${boundary}`,
    'content-length': String(payload.length),
  }
  return { payload, headers }
}

/** A form of one file. */
export const fileForm = (filename: string, content: Buffer | string) => form({ filename, content })

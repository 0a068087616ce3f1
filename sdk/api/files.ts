import type { Page } from '../http/pages.ts'
import type { Http } from '../http/request.ts'
import { hasXhr, multipartStream, type UploadFile, type UploadProgress, xhrUpload } from '../http/upload.ts'
import { uuid } from '../ids.ts'
import type { Session } from '../session.ts'
import type { Upload } from '../types.ts'
import type { ListOptions } from './conversations.ts'

/** Where an upload goes and who wants to know how far it is. */
export type UploadOptions = {
  workspaceId?: string
  onProgress?: (progress: UploadProgress) => void
  signal?: AbortSignal
}

const SLOWEST_MS = 24 * 3600 * 1000

/** Uploaded files. */
export function uploadsApi(http: Http, session: Session) {
  return {
    /** Sends a file as it is read, never whole in memory. */
    async create(file: UploadFile, { workspaceId, onProgress, signal }: UploadOptions = {}): Promise<Upload> {
      const query = { workspaceId }
      if (hasXhr()) {
        const token = await session.accessToken()
        const headers = {
          accept: 'application/json',
          'idempotency-key': uuid(),
          ...(token ? { authorization: `Bearer ${token}` } : {}),
        }
        return unwrap(
          await xhrUpload(http.url('/api/uploads', query), file, headers, {
            ...(onProgress && { onProgress }),
            signal,
          }),
        )
      }
      const { stream, contentType } = multipartStream(file, onProgress)
      const headers = { 'content-type': contentType }
      return unwrap(await http.json('POST', '/api/uploads', { query, body: stream, headers, signal }))
    },
    list: (query: ListOptions = {}) => http.json<Page<Upload>>('GET', '/api/uploads', { query }),
    get: (id: string) => http.json<Upload>('GET', `/api/uploads/${id}`),
    /** The bytes, as a response to read or to stream on. */
    content: (id: string, options: { range?: string } = {}) =>
      http.raw('GET', `/api/uploads/${id}/content`, { headers: options.range ? { range: options.range } : {} }),
    /** A link that works without a token for a while. */
    link: (id: string, expiresIn = 3600) =>
      http.json<{ url: string; expiresAt: string }>('POST', `/api/uploads/${id}/url`, {
        body: { expiresIn: Math.min(expiresIn, SLOWEST_MS / 1000) },
      }),
    delete: (id: string) => http.json<undefined>('DELETE', `/api/uploads/${id}`),
  }
}

function unwrap(answer: unknown): Upload {
  return answer as Upload
}

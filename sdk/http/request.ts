import { ParleyError, problemError } from '../errors.ts'
import { uuid } from '../ids.ts'
import type { Session } from '../session.ts'
import { isRepeatable, type Patience, withRetries } from './retry.ts'

/** Values a query may hold; undefined ones are left out, arrays repeat the name. */
export type Query = Record<string, string | number | boolean | string[] | undefined>

/** One request, as the resource methods describe it. */
export type RequestOptions = Patience & {
  query?: Query | undefined
  /** Sent as JSON, unless it is a FormData, Blob or stream. */
  body?: unknown
  headers?: Record<string, string>
  /** ETag the record must still have (If-Match); the server answers 412 otherwise. */
  ifMatch?: string | undefined
  /** Key of a POST; one is made where none is given, so that a retry never does the thing twice. */
  idempotencyKey?: string | undefined
  /** Send no token, even when signed in. */
  anonymous?: boolean
}

/** What the HTTP layer needs from the client. */
export type HttpDeps = {
  baseUrl: string
  fetch: typeof globalThis.fetch
  session: Session
  /** Milliseconds until an answer's headers must have come. */
  timeoutMs: number
}

/** What a 401 is about, where it is not the access token: another one would not help, and a wrong password would count twice. */
const NOT_THE_TOKEN = new Set(['INVALID_CREDENTIALS', 'MFA_CODE_INVALID', 'OAUTH_FAILED', 'PASSKEY_INVALID'])

const isRaw = (body: unknown): body is NonNullable<RequestInit['body']> =>
  body instanceof FormData || body instanceof Blob || body instanceof ReadableStream || body instanceof Uint8Array

function buildUrl(baseUrl: string, path: string, query: Query = {}): string {
  const url = new URL(path.replace(/^\//, ''), `${baseUrl}/`)
  for (const [name, value] of Object.entries(query)) {
    if (value === undefined) continue
    for (const one of Array.isArray(value) ? value : [value]) url.searchParams.append(name, String(one))
  }
  return url.href
}

/** Reads a body as JSON if it claims to be JSON; undefined for an empty one; throws BAD_ANSWER for anything else. */
export async function readJson(response: Response): Promise<unknown> {
  const body = await response.text()
  if (body === '') return undefined
  const isJson = /\bjson\b/.test(response.headers.get('content-type') ?? '')
  try {
    if (isJson) return JSON.parse(body)
  } catch {
    // told below, together with the wrong media type
  }
  if (!response.ok) return undefined
  throw new ParleyError({
    code: 'BAD_ANSWER',
    status: response.status,
    message: 'The server answered with something that is not JSON. Is the address right?',
  })
}

/** The HTTP half of the client: tokens, idempotency keys, retries and problem errors around `fetch`. */
export function createHttp({ baseUrl, fetch, session, timeoutMs }: HttpDeps) {
  async function attempt(
    method: string,
    url: string,
    options: RequestOptions,
    token: string | null,
  ): Promise<Response> {
    const headers = new Headers({ accept: 'application/json', ...options.headers })
    if (token) headers.set('authorization', `Bearer ${token}`)
    if (options.ifMatch) headers.set('if-match', options.ifMatch)
    if (options.idempotencyKey) headers.set('idempotency-key', options.idempotencyKey)
    const init: RequestInit & { duplex?: 'half' } = { method, headers, signal: options.signal ?? null }
    if (isRaw(options.body)) {
      init.body = options.body
      if (options.body instanceof ReadableStream) init.duplex = 'half'
    } else if (options.body !== undefined) {
      headers.set('content-type', 'application/json')
      init.body = JSON.stringify(options.body)
    }
    return withTimeout(init)(url)
  }

  /** Only the wait for headers is bounded: a body may take as long as it has to (a streamed answer, a big download). */
  const withTimeout = (init: RequestInit) => async (url: string) => {
    const limit = new AbortController()
    const outer = init.signal
    const onAbort = () => limit.abort(outer?.reason)
    if (outer?.aborted) onAbort()
    outer?.addEventListener('abort', onAbort, { once: true })
    const streams = init.body instanceof ReadableStream || init.body instanceof FormData || init.body instanceof Blob
    const timer = streams ? undefined : setTimeout(() => limit.abort('timeout'), timeoutMs)
    try {
      return await fetch(url, { ...init, signal: limit.signal })
    } catch (cause) {
      if (outer?.aborted) throw cause
      const timedOut = limit.signal.aborted
      throw new ParleyError({
        code: timedOut ? 'TIMEOUT' : 'NETWORK',
        message: timedOut ? `No answer within ${timeoutMs / 1000} s.` : 'The server cannot be reached.',
        cause,
      })
    } finally {
      clearTimeout(timer)
    }
  }

  /** Sends with a token; anything but 2xx and 304 is thrown. */
  async function send(method: string, url: string, options: RequestOptions, token: string | null): Promise<Response> {
    const response = await attempt(method, url, options, token)
    if (response.ok || response.status === 304) return response
    throw problemError(response.status, response.headers, await readJson(response))
  }

  /** Sends with the current token; where the server does not accept it, one more time with a new one. */
  async function authorized(method: string, url: string, options: RequestOptions): Promise<Response> {
    const token = options.anonymous ? null : await session.accessToken()
    try {
      return await send(method, url, options, token)
    } catch (error) {
      const isToken = error instanceof ParleyError && error.status === 401 && !NOT_THE_TOKEN.has(error.code)
      if (!isToken || !token || options.body instanceof ReadableStream) throw error
    }
    return send(method, url, options, (await session.renew(token)).accessToken)
  }

  /** The answer as it is, 2xx and 304 only; anything else throws a ParleyError. */
  async function raw(method: string, path: string, options: RequestOptions = {}): Promise<Response> {
    const keyed = { ...options }
    if (method === 'POST') keyed.idempotencyKey ??= uuid()
    if (options.body instanceof ReadableStream) keyed.retries = 0
    const url = buildUrl(baseUrl, path, options.query)
    return withRetries(() => authorized(method, url, keyed), keyed, isRepeatable(method, options.ifMatch))
  }

  return {
    raw,
    /** The parsed JSON answer; undefined for 204. The caller names the type it expects. */
    async json<T>(method: string, path: string, options: RequestOptions = {}): Promise<T> {
      return (await readJson(await raw(method, path, options))) as T
    },
    /** The parsed answer with its ETag, for records that are written back with If-Match. */
    async tagged<T>(
      method: string,
      path: string,
      options: RequestOptions = {},
    ): Promise<{ value: T; etag: string | null }> {
      const response = await raw(method, path, options)
      return { value: (await readJson(response)) as T, etag: response.headers.get('etag') }
    },
    url: (path: string, query?: Query) => buildUrl(baseUrl, path, query),
  }
}

/** What createHttp returns. */
export type Http = ReturnType<typeof createHttp>

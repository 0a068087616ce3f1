import { authApi } from './api/auth.ts'
import { chatApi } from './api/chat.ts'
import { conversationsApi } from './api/conversations.ts'
import { uploadsApi } from './api/files.ts'
import { graphApi } from './api/graph.ts'
import { jobsApi } from './api/jobs.ts'
import { restApi } from './api/rest.ts'
import { workspacesApi } from './api/workspaces.ts'
import type { BackoffOptions } from './backoff.ts'
import { ParleyError } from './errors.ts'
import { createHttp, type Http } from './http/request.ts'
import { createSession, memoryStore, type TokenAnswer, type TokenStore } from './session.ts'
import type { WebSocketClass } from './socket/connection.ts'
import { createSocket, type NewChat } from './socket/index.ts'
import { ask } from './socket/reply.ts'
import type { SearchResult } from './types.ts'

/** How a client is made. */
export type ParleyOptions = {
  /** The server, for example `http://127.0.0.1:3000`. */
  url: string
  /** The WebSocket class: needed in Node before 22 (pass that of the `ws` package); elsewhere the global one is used. */
  WebSocket?: WebSocketClass
  fetch?: typeof globalThis.fetch
  /** Where tokens are kept (default: in memory). */
  store?: TokenStore
  /** Milliseconds until an answer must have begun (default 30,000). */
  timeoutMs?: number
  /** How long the socket waits before it tries again, in ms (default `{ base: 500, cap: 20000 }`, doubling, full jitter). */
  retryDelay?: BackoffOptions
}

/** A reply goes on while a server restarts: its state is asked for again for about a minute. */
const REPLY_RETRIES = 10

/** Stands in where no WebSocket exists: everything but the socket works. */
function missingWebSocket(): WebSocketClass {
  return class {
    constructor() {
      throw new ParleyError({
        code: 'CLOSED',
        message: "No WebSocket here: pass one, as in createParley({ WebSocket }) with that of 'ws'.",
      })
    }
  } as unknown as WebSocketClass
}

/**
 * A client of one Parley server, for browsers and Node: REST, real time, and the tokens for both. Nothing is sent before the first
 * call. Close it (`close()`) when done, or its socket keeps a Node process alive.
 */
export function createParley(options: ParleyOptions) {
  const baseUrl = options.url.replace(/\/+$/, '')
  const deps = {
    baseUrl,
    fetch: options.fetch ?? globalThis.fetch.bind(globalThis),
    timeoutMs: options.timeoutMs ?? 30_000,
  }
  const session = createSession(
    options.store ?? memoryStore(),
    (refreshToken): Promise<TokenAnswer> =>
      // Repeated quickly and often: an answer that was lost can be had again for some seconds only, then it looks like theft.
      http.json('POST', '/api/auth/refresh', { body: { refreshToken }, anonymous: true, retries: 5 }),
  )
  const http: Http = createHttp({ ...deps, session })
  const globalSocket = (globalThis as unknown as { WebSocket?: WebSocketClass }).WebSocket
  const socket = createSocket({
    url: `${baseUrl.replace(/^http/, 'ws')}/ws`,
    WebSocket: options.WebSocket ?? globalSocket ?? missingWebSocket(),
    session,
    retryDelay: options.retryDelay,
  })
  const rest = restApi(http)
  const conversations = conversationsApi(http, rest)
  const patience = { retries: REPLY_RETRIES }
  const replies = {
    socket,
    getMessage: (id: string, signal: AbortSignal) => rest.getMessage({ path: { id }, ...patience, signal }),
    newest: async (id: string, signal: AbortSignal) =>
      (await rest.listMessages({ path: { id }, query: { limit: 100 }, ...patience, signal })).items,
  }
  return {
    session,
    http,
    socket,
    auth: authApi(rest, session),
    workspaces: workspacesApi(http),
    conversations,
    uploads: uploadsApi(http, session),
    graph: graphApi(http),
    jobs: jobsApi(http, socket),
    chat: chatApi(http),
    /** Every operation of the server by its operationId, typed by the OpenAPI document. */
    rest,
    /** Finds messages, documents and symbols. */
    search: (q: string, options: { workspaceId?: string; limit?: number } = {}) =>
      http.json<SearchResult>('GET', '/api/search', { query: { q, ...options } }),
    /** Writes a message and follows the assistant's reply, piece by piece, over the socket. */
    ask: (chat: NewChat) => ask(replies, chat),
    close: () => socket.close(),
  }
}

/** What createParley returns. */
export type Parley = ReturnType<typeof createParley>

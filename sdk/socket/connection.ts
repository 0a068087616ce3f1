import { backoff } from '../backoff.ts'
import { createEmitter } from '../emitter.ts'
import { ParleyError } from '../errors.ts'
import type { Session } from '../session.ts'
import { type AnyFrame, CLOSE, parseFrames, type SystemFrame } from './frames.ts'

/** The part of the WebSocket interface that is used: the browser's, and `ws` in Node, both fit. */
export type WebSocketLike = {
  readonly readyState: number
  send(data: string): void
  close(code?: number, reason?: string): void
  onopen: ((event: never) => void) | null
  onmessage: ((event: never) => void) | null
  onclose: ((event: never) => void) | null
  onerror: ((event: never) => void) | null
}
export type WebSocketClass = new (url: string, protocols?: string | string[]) => WebSocketLike

/**
 * `idle` not started or signed out; `connecting` up to the accepted token; `ready`; `waiting` for the next attempt; `closed` for
 * good, by close() or because the server said never to come back.
 */
export type ConnectionState = 'idle' | 'connecting' | 'ready' | 'waiting' | 'closed'

type ConnectionEvents = {
  state: { state: ConnectionState; code?: number; retryInMs?: number }
  /** The token was accepted: subscriptions and waiting commands go out now. */
  ready: undefined
  frame: AnyFrame
  /** The connection ended for good. */
  ended: ParleyError
}

export type ConnectionDeps = { url: string; WebSocket: WebSocketClass; session: Session; nextId: () => number }

/** WebSocket.OPEN, in every implementation. */
const OPEN = 1
const CONNECT_TIMEOUT_MS = 15_000
const STABLE_MS = 10_000
const DEFAULT_HEARTBEAT_S = 25
const GRACE_S = 10

/**
 * One living connection at a time: opens, signs in, keeps the heartbeat, renews the token before it ends, and comes back by itself
 * after every loss as its close code asks. It knows frames, but neither topics nor commands.
 */
export function createConnection({ url, WebSocket, session, nextId }: ConnectionDeps) {
  const events = createEmitter<ConnectionEvents>()
  let state: ConnectionState = 'idle'
  let socket: WebSocketLike | undefined
  let authId: number | undefined
  let attempt = 0
  let readyAt = 0
  let lastHeard = 0
  let drainWindowMs = 0
  let heartbeatMs = DEFAULT_HEARTBEAT_S * 1000
  let maxFrameBytes = 65_536
  /** The access token that the server refused, so that the next attempt brings another one. */
  let refused: string | undefined
  const timers: Partial<Record<'connect' | 'heartbeat' | 'renew' | 'retry', ReturnType<typeof setTimeout>>> = {}

  const setState = (next: ConnectionState, more: { code?: number; retryInMs?: number } = {}): void => {
    state = next
    events.emit('state', { state, ...more })
  }

  const schedule = (name: keyof typeof timers, ms: number, task: () => void): void => {
    clearTimeout(timers[name])
    timers[name] = setTimeout(task, ms)
  }

  const release = (code?: number): void => {
    for (const timer of Object.values(timers)) clearTimeout(timer)
    const old = socket
    socket = undefined
    if (!old) return
    old.onopen = null
    old.onmessage = null
    old.onclose = null
    // A socket that is closed while it connects still reports an error; without a listener `ws` would throw it.
    old.onerror = () => undefined
    try {
      old.close(code ?? 1000)
    } catch {
      // already closed
    }
  }

  const end = (error: ParleyError, code?: number): void => {
    release(code)
    setState('closed', code === undefined ? {} : { code })
    events.emit('ended', error)
  }

  /** False when the socket is closing already: its close event is on the way, and says what to do. */
  const rawSend = (frame: object): boolean => {
    if (socket?.readyState !== OPEN) return false
    socket.send(JSON.stringify(frame))
    return true
  }

  const sendAuth = (token: string): void => {
    authId = nextId()
    rawSend({ id: authId, type: 'auth', token })
  }

  function retry(code: number): void {
    release()
    if (readyAt > 0 && Date.now() - readyAt > STABLE_MS) attempt = 0
    const wasReady = readyAt > 0
    readyAt = 0
    const slow = code === CLOSE.OVERLOADED || code === CLOSE.THROTTLED || code === CLOSE.AUTH_TIMEOUT
    const wait =
      code === CLOSE.RESTART && wasReady && drainWindowMs > 0
        ? Math.round(Math.random() * drainWindowMs)
        : backoff(slow ? Math.max(attempt, 3) : attempt)
    attempt += 1
    setState('waiting', { code, retryInMs: wait })
    schedule('retry', wait, () => void open())
  }

  function lost(code: number, reason: string): void {
    if (code === CLOSE.FORBIDDEN) {
      const message = reason || 'The server refused this client.'
      end(new ParleyError({ code: 'FORBIDDEN', status: 403, message }), code)
      return
    }
    if (code === CLOSE.UNAUTHENTICATED) refused = session.current()?.accessToken
    retry(code)
  }

  const beat = (): void => {
    if (Date.now() - lastHeard > heartbeatMs + GRACE_S * 1000) {
      lost(CLOSE.SILENT, 'no sign of life')
      return
    }
    rawSend({ type: 'ping' })
    schedule('heartbeat', heartbeatMs, beat)
  }

  const renewInTime = (): void => {
    const tokens = session.current()
    if (!tokens) return
    const left = tokens.expiresAt - Date.now()
    schedule('renew', Math.max(1000, left * 0.8), () => {
      session.renew(tokens.accessToken).catch(() => undefined)
    })
  }

  const onSystem = (frame: SystemFrame): void => {
    if (frame.heartbeatSeconds) heartbeatMs = frame.heartbeatSeconds * 1000
    if (frame.limits?.maxFrameBytes) maxFrameBytes = frame.limits.maxFrameBytes
    if (frame.event === 'drain') drainWindowMs = frame.reconnectAfterMs ?? 0
  }

  const onAuthAnswer = (frame: AnyFrame): void => {
    authId = undefined
    if (frame.type === 'error') {
      lost(CLOSE.UNAUTHENTICATED, String(frame.message ?? ''))
      return
    }
    refused = undefined
    renewInTime()
    if (state === 'ready') return
    clearTimeout(timers.connect)
    readyAt = Date.now()
    schedule('heartbeat', heartbeatMs, beat)
    setState('ready')
    events.emit('ready', undefined)
  }

  const onMessage = (data: unknown): void => {
    lastHeard = Date.now()
    for (const frame of parseFrames(data)) {
      if (frame.id !== undefined && frame.id === authId) onAuthAnswer(frame)
      else {
        if (frame.type === 'system') onSystem(frame as SystemFrame)
        events.emit('frame', frame)
      }
      if (!socket) return
    }
  }

  async function open(): Promise<void> {
    setState('connecting')
    let token: string | null
    try {
      const stale = refused !== undefined && refused === session.current()?.accessToken ? refused : undefined
      token = stale ? (await session.renew(stale)).accessToken : await session.accessToken()
    } catch (error) {
      if (state !== 'connecting') return
      if (session.current()) return retry(0)
      return end(
        error instanceof ParleyError
          ? error
          : new ParleyError({ code: 'NOT_SIGNED_IN', status: 401, message: String(error) }),
      )
    }
    if (state !== 'connecting' || socket) return
    if (token === null) return setState('idle')
    const next = new WebSocket(url, ['parley.v1'])
    socket = next
    lastHeard = Date.now()
    next.onopen = () => sendAuth(token)
    next.onmessage = (event: { data: unknown }) => onMessage(event.data)
    next.onclose = (event: { code: number; reason: string }) => lost(event.code, event.reason)
    next.onerror = () => undefined
    schedule('connect', CONNECT_TIMEOUT_MS, () => lost(CLOSE.SILENT, 'no answer to the connection attempt'))
  }

  session.on('tokens', ({ accessToken }) => {
    if (state === 'ready') sendAuth(accessToken)
  })

  return {
    on: events.on,
    get state() {
      return state
    },
    get maxFrameBytes() {
      return maxFrameBytes
    },
    /** Starts, or starts again after close(); while it waits for the next attempt, tries now. */
    open(): void {
      if (state === 'connecting' || state === 'ready') return
      clearTimeout(timers.retry)
      void open()
    },
    /** Sends when ready; false when it is not, and the frame went nowhere. */
    send(frame: object): boolean {
      return state === 'ready' && rawSend(frame)
    },
    /** Drops the present connection and makes a new one, as after a network failure. */
    reconnect(): void {
      if (state === 'ready' || state === 'connecting') lost(CLOSE.SILENT, 'asked to reconnect')
    },
    /** Ends the connection: `closed` until open(), or `idle`, when the next use opens it again. */
    close(next: 'closed' | 'idle' = 'closed'): void {
      release()
      attempt = 0
      setState(next)
    },
  }
}

/** What createConnection returns. */
export type Connection = ReturnType<typeof createConnection>

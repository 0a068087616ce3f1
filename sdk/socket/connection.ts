import { type BackoffOptions, backoff } from '../backoff.ts'
import { createEmitter } from '../emitter.ts'
import { ParleyError } from '../errors.ts'
import type { Session } from '../session.ts'
import { type AnyFrame, CLOSE, type ErrorFrame, parseFrames, type SystemFrame } from './frames.ts'
import { isPassing } from './outbox.ts'

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

export type ConnectionDeps = {
  url: string
  WebSocket: WebSocketClass
  session: Session
  nextId: () => number
  /** How long to wait before another attempt (default: 0.5 to 20 s, doubling, full jitter). */
  retryDelay?: BackoffOptions | undefined
}

/** WebSocket.OPEN, in every implementation. */
const OPEN = 1
const CONNECT_TIMEOUT_MS = 15_000
const STABLE_MS = 10_000
const DEFAULT_HEARTBEAT_S = 25
const GRACE_S = 10
/** How long a connection that is doubted has to show a sign of life. */
const PROBE_MS = 5000

/**
 * One living connection at a time: opens, signs in, keeps the heartbeat, renews the token before it ends, and comes back by itself
 * after every loss as its close code asks. It knows frames, but neither topics nor commands.
 */
export function createConnection({ url, WebSocket, session, nextId, retryDelay }: ConnectionDeps) {
  const events = createEmitter<ConnectionEvents>()
  let state: ConnectionState = 'idle'
  let socket: WebSocketLike | undefined
  let authId: number | undefined
  let attempt = 0
  let readyAt = 0
  let lastHeard = 0
  let comeBackMs: number | undefined
  let heartbeatMs = DEFAULT_HEARTBEAT_S * 1000
  let maxFrameBytes = 65_536
  /** The access token that the server refused, so that the next attempt brings another one. */
  let refused: string | undefined
  const timers: Partial<Record<'connect' | 'heartbeat' | 'probe' | 'renew' | 'retry', ReturnType<typeof setTimeout>>> =
    {}

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
    readyAt = 0
    const slow = code === CLOSE.OVERLOADED || code === CLOSE.THROTTLED || code === CLOSE.AUTH_TIMEOUT
    const told = code === CLOSE.RESTART ? comeBackMs : undefined
    comeBackMs = undefined
    // A draining server has given each of its clients a moment of its own: keeping to it is what spares the next one a stampede.
    const wait = told ?? backoff(slow ? Math.max(attempt, 3) : attempt, retryDelay)
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

  /** Asks for a sign of life, and gives the connection up when none comes in time. */
  const probe = (ms: number): void => {
    const asked = Date.now()
    rawSend({ type: 'ping' })
    schedule('probe', ms, () => {
      if (state === 'ready' && lastHeard < asked) lost(CLOSE.SILENT, 'no sign of life')
    })
  }

  const beat = (): void => {
    probe(GRACE_S * 1000)
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
    if (frame.event === 'drain') comeBackMs = frame.reconnectAfterMs
  }

  const onAuthAnswer = (frame: AnyFrame): void => {
    authId = undefined
    if (frame.type === 'error') {
      // A server that is without its database has refused nobody: the same token is good for the next attempt.
      lost(isPassing(frame as ErrorFrame) ? CLOSE.OVERLOADED : CLOSE.UNAUTHENTICATED, String(frame.message ?? ''))
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
    /** The network or the page has changed: tries at once if it waits, and makes sure that an open connection is alive. */
    wake(): void {
      if (state === 'ready') probe(PROBE_MS)
      else if (state === 'waiting') void open()
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

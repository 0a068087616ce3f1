import { EventEmitter } from 'node:events'
import { Readable } from 'node:stream'
import type { WebSocket } from 'ws'
import { CLOSE_CODES } from '../contracts/frames.ts'
import { SSE_HEARTBEAT } from '../lib/sse.ts'
import { encodePositions, type Positions } from './positions.ts'

type Frame = { type: string; topic?: string; epoch?: string; seq?: number; recovered?: boolean } & Record<
  string,
  unknown
>

/** What a stream of events is made for. */
export interface EventStreamOptions {
  /** Where the reader stands: kept up to date, and written as the id of every event that moves it. */
  positions: Positions
  /** Bytes that the connection below has taken and not sent yet. */
  pending: () => number
}

/** How long a reader waits before it comes back by itself, ms; at a drain each is told a moment of its own. */
const RETRY_MS = 2000
const [OPEN, CLOSED] = [1, 3]
/** Subscriptions that ended because of something that a fresh one mends: the reader comes back and resumes. */
const MENDABLE = new Set(['history_changed', 'interrupted'])

/**
 * The server's end of a stream of server-sent events, in the shape of a socket that only sends: so the hub gives it the same rights, resume,
 * bounds and drain as all others. Read `stream`; what a client would send comes by the hub's `subscribe`.
 */
export class EventStream extends EventEmitter {
  readonly OPEN = OPEN
  readyState = OPEN
  readonly isPaused = false
  readonly stream: Readable
  readonly #options: EventStreamOptions
  #open: number

  constructor(options: EventStreamOptions) {
    super()
    this.#options = options
    this.#open = options.positions.size
    this.stream = new Readable({ read: () => this.#flushed() })
    this.stream.push(`retry: ${RETRY_MS}\n\n`)
    this.stream.once('close', () => this.#gone())
  }

  /** As the hub sees it. */
  asSocket(): WebSocket {
    return this as unknown as WebSocket
  }

  get bufferedAmount(): number {
    return this.stream.readableLength + this.#options.pending()
  }

  #waiting: (() => void)[] = []

  #flushed(): void {
    for (const done of this.#waiting.splice(0)) done()
  }

  /** Takes one frame, or an array of them, as it would go over a socket. */
  send(data: Buffer, _options: unknown, done?: () => void): void {
    const frames = [JSON.parse(data.toString()) as Frame | Frame[]].flat()
    this.#write(frames.map((frame) => this.#event(frame)).join(''), done)
  }

  #write(text: string, done?: () => void): void {
    if (this.readyState !== OPEN) {
      done?.()
      return
    }
    if (this.stream.push(text)) done?.()
    else if (done) this.#waiting.push(done)
  }

  #event(frame: Frame): string {
    const { positions } = this.#options
    const { topic, epoch, seq } = frame
    let id = ''
    if (topic !== undefined && positions.has(topic) && epoch !== undefined && seq !== undefined) {
      // What was missed comes behind `subscribed`: until then the reader stands where it was.
      const moves = frame.type !== 'subscribed' || frame.recovered !== true
      if (moves) positions.set(topic, { epoch, seq })
      id = `id: ${encodePositions(positions)}\n`
    }
    const retry = frame.event === 'drain' ? `retry: ${Number(frame.reconnectAfterMs) || RETRY_MS}\n` : ''
    if (frame.event === 'unsubscribed') this.#ended(String(frame.reason))
    return `${retry}${id}event: ${frame.type}\ndata: ${JSON.stringify(frame)}\n\n`
  }

  #ended(reason: string): void {
    this.#open -= 1
    if (MENDABLE.has(reason)) setImmediate(() => this.close(CLOSE_CODES.OVERLOADED.code, 'OVERLOADED'))
    else if (this.#open === 0) setImmediate(() => this.close(CLOSE_CODES.FORBIDDEN.code, 'FORBIDDEN'))
  }

  /** A sign of life. The answer is that it could be written: a reader that is gone takes nothing. */
  ping(): void {
    this.#write(SSE_HEARTBEAT, () => this.emit('pong'))
  }

  /** Says why, and ends. */
  close(code: number, reason: string): void {
    this.#write(`event: close\ndata: ${JSON.stringify({ code, reason })}\n\n`)
    if (this.readyState === OPEN) this.stream.push(null)
    this.readyState = CLOSED
  }

  terminate(): void {
    this.stream.destroy()
  }

  #gone(): void {
    this.readyState = CLOSED
    this.#flushed()
    this.emit('close')
  }

  pause(): void {}
  resume(): void {}
}

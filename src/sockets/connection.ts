import type { WebSocket } from 'ws'
import { CLOSE_CODES, type CloseReason } from '../contracts/frames.ts'
import type { Identity } from './identity.ts'

/** A message as it is written: `frame` with its header for WebSockets, `payload` for what only looks like one. Each is made for the first that wants it. */
export interface Message {
  text: string
  frame?: Buffer
  payload?: Buffer
}

/** A frame ready to be sent, shared by all its receivers; `message` is filled in when it is first written by itself. */
export interface Chunk {
  text: string
  message?: Message
}

/** One topic that a connection follows or is about to follow. A new object for each attempt. */
export interface Subscription {
  topic: string
  id: string
  kind: string
}

const NOTHING: Chunk[] = []

/**
 * One socket and what the hub knows of it. A class with plain fields and no listeners of its own, because ten thousand idle
 * ones are held in memory. It writes nothing by itself: see outbox.ts.
 */
export class Connection {
  readonly id: string
  readonly socket: WebSocket
  readonly address: string
  readonly openedAt: number
  identity: Identity | undefined = undefined
  /** Monotonic time of the last sign of life, and whether a ping waits for an answer. */
  lastSeen: number
  pinged = false
  /** Silence after which it gets a sign of life, where that is not the hub's, ms. */
  quietMs: number | undefined = undefined
  /** Monotonic time of the last look at its rights. */
  checkedAt: number
  /** Whether the client was told that its token is about to expire. */
  warned = false
  /** Messages that came while its first token was being checked: they wait for it. */
  held: string[] | undefined = undefined
  subscriptions: Map<string, Subscription> | undefined = undefined
  /** Frames of this turn, and how many before them the client has not taken yet. */
  outbox: Chunk[] = NOTHING
  unread = 0
  flushed: (() => void)[] | undefined = undefined
  /** Token bucket. */
  tokens = Number.NaN
  refilledAt = 0
  strikes = 0
  inFlight = 0
  lanes: Map<string, Promise<void>> | undefined = undefined
  /** Its end is decided; what is said in this turn still goes out. */
  ending = false
  /** Set once it is being closed: nothing is read or sent any more, and at `closeBy` it is cut. */
  closing: number | undefined = undefined
  closeBy = 0

  constructor(id: string, socket: WebSocket, address: string, now: number) {
    this.id = id
    this.socket = socket
    this.address = address
    this.openedAt = now
    this.lastSeen = now
    this.checkedAt = now
  }

  /** Takes the frames of this turn out. */
  take(): Chunk[] {
    const chunks = this.outbox
    this.outbox = NOTHING
    return chunks
  }

  /** Adds a frame; answers whether it is the first of this turn. */
  put(chunk: Chunk): boolean {
    if (this.outbox === NOTHING) {
      this.outbox = [chunk]
      return true
    }
    this.outbox.push(chunk)
    return false
  }

  /** Begins the closing handshake. `cutAfter` bounds how long a peer that does not answer is kept, ms. */
  close(reason: CloseReason, now: number, cutAfter = 3000): void {
    if (this.closing !== undefined) return
    this.closing = CLOSE_CODES[reason].code
    this.closeBy = now + cutAfter
    this.socket.close(this.closing, reason)
  }
}

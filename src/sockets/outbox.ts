import type { Chunk, Connection, Message } from './connection.ts'
import { frameOf, senderOf } from './prepared.ts'

/** What an outbox needs. */
export interface OutboxOptions {
  maxBytes: number
  maxFrames: number
  /** The client does not keep up: close it. */
  onSlow: (connection: Connection) => void
  /** Told how long a turn's frames took from being handed over to being written to the last receiver, ms of `now`. */
  onFlushed?: (ms: number) => void
  now?: () => number
}

/** Connections served before the event loop gets its turn. */
const SLICE = 500
const TEXT = { binary: false, compress: false }

/**
 * Writes once per connection and turn of the event loop: all frames of the turn as one message (an array when there are
 * several). A frame is serialized once for all its receivers, and so is a batch that neighbours have in common.
 */
export function createOutbox({ maxBytes, maxFrames, onSlow, onFlushed, now = () => 0 }: OutboxOptions) {
  const counters = { frames: 0, writes: 0, bytes: 0 }
  let dirty: Connection[] = []
  let scheduled = false
  let since = 0
  let lastChunks: Chunk[] = []
  let lastMessage: Message | undefined

  /** All frames of a turn as one message: that of the neighbour before, where both got the same. */
  function messageOf(chunks: Chunk[]): Message {
    const [first] = chunks
    if (chunks.length === 1 && first) {
      first.message ??= { text: first.text }
      return first.message
    }
    const same = chunks.length === lastChunks.length && chunks.every((chunk, index) => chunk === lastChunks[index])
    if (same && lastMessage) return lastMessage
    lastChunks = chunks
    lastMessage = { text: `[${chunks.map((chunk) => chunk.text).join(',')}]` }
    return lastMessage
  }

  function write(connection: Connection): void {
    const chunks = connection.take()
    const waiting = connection.flushed
    connection.flushed = undefined
    const finished = waiting && (() => waiting.forEach((resolve) => void resolve()))
    const { socket } = connection
    const open = connection.closing === undefined && socket.readyState === socket.OPEN
    if (!open || chunks.length === 0) {
      finished?.()
      return
    }
    const message = messageOf(chunks)
    const sender = senderOf(socket)
    if (sender) message.frame ??= frameOf(message.text)
    else message.payload ??= Buffer.from(message.text)
    const data = (sender ? message.frame : message.payload) as Buffer
    const { length } = data
    const before = socket.bufferedAmount
    if (before === 0) connection.unread = 0
    connection.unread += chunks.length
    // The first batch in front of a reader that kept up is always sent: only what piles up behind it is slowness.
    if (before > 0 && (connection.unread > maxFrames || before + length > maxBytes)) {
      onSlow(connection)
      finished?.()
      return
    }
    if (sender) sender.sendFrame([data], finished)
    else socket.send(data, TEXT, finished)
    counters.frames += chunks.length
    counters.writes += 1
    counters.bytes += length
    if (socket.bufferedAmount > maxBytes) onSlow(connection)
  }

  function flush(): void {
    const turn = dirty.length > SLICE ? dirty.splice(0, SLICE) : dirty
    if (turn === dirty) dirty = []
    for (const connection of turn) write(connection)
    lastChunks = []
    lastMessage = undefined
    scheduled = dirty.length > 0
    if (scheduled) setImmediate(flush)
    else onFlushed?.(now() - since)
  }

  function mark(connection: Connection): void {
    dirty.push(connection)
    if (scheduled) return
    scheduled = true
    since = now()
    setImmediate(flush)
  }

  return {
    counters,
    /** Sends a shared frame at the end of this turn. */
    push(connection: Connection, chunk: Chunk): void {
      if (connection.closing === undefined && connection.put(chunk)) mark(connection)
    },
    /** Sends a frame of this connection's own. */
    send(connection: Connection, frame: object): void {
      this.push(connection, { text: JSON.stringify(frame) })
    },
    /** Resolves when all that was pushed so far is out of this process, or the connection is gone. */
    flushed(connection: Connection): Promise<void> {
      return new Promise((resolve) => {
        connection.flushed ??= []
        connection.flushed.push(resolve)
        if (connection.outbox.length === 0) mark(connection)
      })
    },
    /** Writes what waits for one connection now, e.g. before it is closed. */
    flushNow: write,
  }
}

/** See {@link createOutbox}. */
export type Outbox = ReturnType<typeof createOutbox>

import { ParleyError } from '../errors.ts'
import type { AckFrame, AnyFrame, ErrorFrame } from './frames.ts'

/** How a command waits for its answer. */
export type SendOptions = {
  /** Milliseconds, offline time included (default 30,000). `null`: until the client is closed. */
  timeoutMs?: number | null
  /** False: it belongs to the present connection, and fails with that (default true: it is sent again after a reconnect). */
  resend?: boolean
}

type Waiting = {
  frame: AnyFrame & { id: number }
  resolve(ack: AckFrame): void
  reject(error: ParleyError): void
  timer: ReturnType<typeof setTimeout> | undefined
  durable: boolean
  resend: boolean
}

export type OutboxDeps = { nextId: () => number; send: (frame: object) => boolean; maxFrameBytes: () => number }

const DEFAULT_TIMEOUT_MS = 30_000
/** Refusals that pass by themselves: too much at once, or a server that is without its database for a moment. */
const PASSING = new Set(['RATE_LIMITED', 'OVERLOADED', 'NOT_READY', 'DEPENDENCY_UNAVAILABLE'])

/** Whether the same request may well succeed a little later. */
export const isPassing = ({ code }: { code: string }): boolean => PASSING.has(code)

/**
 * Commands that wait for their `ack` or `error`. What is sent while offline stays here and goes out, in order, when the connection
 * is ready again; what had been sent but not answered goes out again, which is harmless because every command is idempotent.
 */
export function createOutbox({ nextId, send, maxFrameBytes }: OutboxDeps) {
  const waiting = new Map<number, Waiting>()

  const take = (id: number): Waiting | undefined => {
    const entry = waiting.get(id)
    if (!entry) return undefined
    waiting.delete(id)
    clearTimeout(entry.timer)
    return entry
  }

  return {
    /** Number of commands not answered yet. */
    get size() {
      return waiting.size
    },

    /** Sends a command and waits for its ack. Rejects with a ParleyError: the server's error, TIMEOUT, NETWORK or CLOSED. */
    request(fields: { type: string; [field: string]: unknown }, options: SendOptions = {}): Promise<AckFrame> {
      const { timeoutMs = DEFAULT_TIMEOUT_MS, resend = true } = options
      const frame = { ...fields, id: nextId() }
      if (new TextEncoder().encode(JSON.stringify(frame)).length > maxFrameBytes()) {
        const message = `A frame may have ${maxFrameBytes()} bytes at most. Shorten the text, or upload it as a file.`
        return Promise.reject(new ParleyError({ code: 'FRAME_TOO_LARGE', message }))
      }
      return new Promise((resolve, reject) => {
        const expire = () => {
          take(frame.id)
          reject(
            new ParleyError({
              code: 'TIMEOUT',
              message: `No answer to '${frame.type}' within ${Number(timeoutMs) / 1000} s.`,
            }),
          )
        }
        const timer = timeoutMs === null ? undefined : setTimeout(expire, timeoutMs)
        waiting.set(frame.id, { frame, resolve, reject, timer, durable: timeoutMs === null, resend })
        send(frame)
      })
    },

    /** Sends everything again that has no answer yet and does not belong to one connection. */
    resend(): void {
      for (const { frame, resend } of waiting.values()) if (resend) send(frame)
    },

    /** Gives an answer to the command it belongs to; false when there is none. */
    settle(frame: AckFrame | ErrorFrame): boolean {
      const entry = frame.id === undefined ? undefined : waiting.get(frame.id)
      if (!entry || frame.id === undefined) return false
      if (frame.type === 'ack') {
        take(frame.id)?.resolve(frame)
        return true
      }
      if (entry.durable && isPassing(frame)) {
        // A message typed by a person is worth waiting for: it goes out again when the server allows it.
        clearTimeout(entry.timer)
        entry.timer = setTimeout(() => send(entry.frame), (frame.retryAfter ?? 1) * 1000)
        return true
      }
      const { code, message, retryAfter, errors } = frame
      take(frame.id)?.reject(new ParleyError({ code, message, retryAfter, errors }))
      return true
    },

    /** The connection was lost: what belonged to it fails, the rest waits for the next one. */
    lost(): void {
      for (const [id, entry] of [...waiting]) {
        if (!entry.resend) take(id)?.reject(new ParleyError({ code: 'NETWORK', message: 'The connection was lost.' }))
      }
    },

    /** Rejects everything that waits. */
    fail(error: ParleyError): void {
      for (const id of [...waiting.keys()]) take(id)?.reject(error)
    },
  }
}

/** What createOutbox returns. */
export type Outbox = ReturnType<typeof createOutbox>

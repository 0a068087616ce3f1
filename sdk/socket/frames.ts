import type { FieldError } from '../errors.ts'
import type { Job, Message } from '../types.ts'

/** Where a reader stands in a topic: everything up to and with `seq` of this `epoch` has been seen. */
export type Position = { epoch: string; seq: number }

/** A numbered, durable event of a topic. `data` is the public record, as REST gives it. */
export type TopicEvent<T = unknown> = {
  type: 'event'
  topic: string
  epoch: string
  seq: number
  name: string
  data: T
}

/** A piece of an assistant's reply while it is written; `index` counts from 0. Not durable: the final message has it all. */
export type ReplyDelta = { type: 'reply_delta'; topic?: string; messageId: string; index: number; text: string }

/** What the server says about the connection itself. */
export type SystemFrame = {
  type: 'system'
  event: 'hello' | 'authenticated' | 'auth_expiring' | 'unsubscribed' | 'drain'
  connectionId?: string
  heartbeatSeconds?: number
  limits?: { maxFrameBytes?: number }
  /** With `unsubscribed`: which subscription ended, and why. */
  topic?: string
  reason?: string
  /** With `drain`: come back at a random moment within so many milliseconds. */
  reconnectAfterMs?: number
}

/** Frames of the server by their type. What is not named here still reaches `socket.on('frame')`. */
export type ServerFrames = {
  system: SystemFrame
  event: TopicEvent
  reply_delta: ReplyDelta
  job: Pick<Job, 'id' | 'state' | 'progress'> & Partial<Job> & { type: 'job' }
  graph_update: {
    type: 'graph_update'
    sourceId: string
    revision: number
    added: number
    removed: number
    changed: number
  }
  database_change: {
    type: 'database_change'
    table: string
    operation: string
    id: string
    record: unknown
    seq: number
  }
  presence: { type: 'presence'; topic: string; userId: string; status: 'online' | 'away' | 'busy' | 'offline' }
  typing: { type: 'typing'; topic: string; conversationId: string; userId: string; active: boolean }
  echo: { type: 'echo'; data: unknown }
}

/** The answer to a frame that had an id. */
export type AckFrame = {
  type: 'ack'
  id: number
  message?: Message
  /** With `chat`: the reply that will be written, and the job that writes it. */
  reply?: { messageId: string; jobId: string }
  [field: string]: unknown
}
export type ErrorFrame = {
  type: 'error'
  id?: number
  code: string
  message: string
  retryAfter?: number
  errors?: FieldError[]
}
export type SubscribedFrame = { type: 'subscribed'; topic: string; epoch: string; seq: number; recovered: boolean }

/** Any frame, before its type is looked at. */
export type AnyFrame = { type: string; id?: number; [field: string]: unknown }

/** Close codes the client acts on; see the WebSocket reference. */
export const CLOSE = {
  RESTART: 1012,
  OVERLOADED: 1013,
  UNAUTHENTICATED: 4401,
  FORBIDDEN: 4403,
  AUTH_TIMEOUT: 4408,
  THROTTLED: 4429,
  /** The client's own: no sign of life from the server. */
  SILENT: 4000,
} as const

/** Parses one text frame into its messages (a JSON object, or an array of them); nothing at all when it is not JSON. */
export function parseFrames(data: unknown): AnyFrame[] {
  if (typeof data !== 'string') return []
  try {
    const value: unknown = JSON.parse(data)
    const frames = Array.isArray(value) ? value : [value]
    return frames.filter((frame): frame is AnyFrame => typeof frame === 'object' && frame !== null && 'type' in frame)
  } catch {
    return []
  }
}

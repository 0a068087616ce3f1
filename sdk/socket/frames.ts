import type { Job } from '../types.ts'
import type { Acks, WireFrames } from '../wire.ts'

/** Where a reader stands in a topic: everything up to and with `seq` of this `epoch` has been seen. */
export type Position = { epoch: string; seq: number }

/** A numbered, durable event of a topic. `data` is the public record, as REST gives it. */
export type TopicEvent<T = unknown> = Omit<WireFrames['event'], 'data'> & { data: T }

/** A piece of an assistant's reply while it is written; `index` counts from 0. Not durable: the final message has it all. */
export type ReplyDelta = WireFrames['reply_delta']

/** What the server says about the connection itself. */
export type SystemFrame = WireFrames['system']

/** Frames of the server by their type. What is not named here still reaches `socket.on('frame')`. */
export type ServerFrames = Pick<
  WireFrames,
  'system' | 'reply_delta' | 'graph_update' | 'database_change' | 'presence' | 'typing' | 'echo'
> & { event: TopicEvent; job: WireFrames['job'] & Partial<Job> }

/** The answer to a frame that had an id: fields of what was asked, see {@link Acks}. */
export type AckFrame = WireFrames['ack'] & Partial<Acks['chat']> & { [field: string]: unknown }
export type ErrorFrame = WireFrames['error']
export type SubscribedFrame = WireFrames['subscribed']

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

import type { TSchema } from 'typebox'
import type { StoredEvent } from '../contracts/events.ts'
import type { ServerFrame } from '../contracts/frames.ts'
import type { Actor } from '../contracts/policy.ts'
import type { Connection } from './connection.ts'

export type { Identity } from './identity.ts'

/** The database of record as the hub needs it. Positions are per topic, gapless, beginning with 1. */
export interface EventLog {
  /** Where topics stand now. A topic without events gets its epoch here, so that a position in it can be told. */
  heads(topics: readonly string[]): Promise<Map<string, { epoch: string; seq: number }>>
  /** Events with `after < seq <= upTo`, in order, at most `limit`. Fewer than asked for where history was pruned. */
  read(topic: string, after: number, upTo: number, limit: number): Promise<StoredEvent[]>
}

/** Time as the hub sees it; tests hand in their own. */
export interface Clock {
  /** Milliseconds that never jump: for intervals. */
  monotonic(): number
  /** Milliseconds since 1970: for the expiry of tokens. */
  wall(): number
  /** Calls back every `ms`; the answer stops it. */
  every(ms: number, handler: () => void): () => void
}

/** A frame limit: how many at once, and how many more each second. */
export interface Allowance {
  burst: number
  perSecond: number
}

/** The bounds of a hub. Times in ms. */
export interface HubLimits {
  /** Until the first auth frame must be there. @defaultValue 10000 */
  authMs: number
  /** Silence after which the server pings. @defaultValue 25000 */
  heartbeatMs: number
  /** Further silence after which the connection is dropped. @defaultValue 10000 */
  graceMs: number
  /** How often rights of open subscriptions are looked at again. @defaultValue 300000 */
  recheckMs: number
  /** How often heads of followed topics are compared, for a pointer that got lost. @defaultValue 10000 */
  reconcileMs: number
  /** What may wait for a reader before it counts as slow. @defaultValue 1 MiB and 256 frames */
  maxBufferedBytes: number
  maxBufferedFrames: number
  subscriptionsPerConnection: number
  connectionsPerUser: number
  framesPerArray: number
  /** Commands of one connection that may run or wait at the same time; above it the socket is not read on. */
  commandsInFlight: number
}

/** What a feature registers for a frame type. */
export interface CommandSpec<Frame> {
  schema: TSchema
  /** The answer's fields go into the ack. Throw a Problem to refuse. */
  handler: (actor: Actor, frame: Frame, connection: Connection) => Promise<object | undefined> | object | undefined
  /** Frames of one connection with the same lane run one after the other. Without: at once. */
  lane?: (frame: Frame) => string
}

/** Whether an actor may follow a topic of a kind. Throws NOT_FOUND or FORBIDDEN. */
export type Authorizer = (actor: Actor, id: string) => Promise<unknown>

/** Turns an event into a frame of its own type; topic, epoch and seq are added to it. */
export type Projection = (event: StoredEvent) => ServerFrame

/** Sees an event in its place within the topic, just before subscribers do. */
export type Guard = (event: StoredEvent) => void

export const DEFAULT_LIMITS: HubLimits = {
  authMs: 10_000,
  heartbeatMs: 25_000,
  graceMs: 10_000,
  recheckMs: 300_000,
  reconcileMs: 10_000,
  maxBufferedBytes: 1024 * 1024,
  maxBufferedFrames: 256,
  subscriptionsPerConnection: 256,
  connectionsPerUser: 50,
  framesPerArray: 256,
  commandsInFlight: 64,
}

/** The clock of the process. Its timers keep no process alive. */
export const systemClock: Clock = {
  monotonic: () => performance.now(),
  wall: () => Date.now(),
  every(ms, handler) {
    const timer = setInterval(handler, ms)
    timer.unref()
    return () => clearInterval(timer)
  },
}

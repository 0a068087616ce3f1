import type { TSchema } from 'typebox'
import type { Problem } from '../contracts/errors.ts'
import type { StoredEvent } from '../contracts/events.ts'
import type { ServerFrame } from '../contracts/frames.ts'
import type { LimitGroup } from '../contracts/http.ts'
import type { Actor } from '../contracts/policy.ts'
import type { PubSub } from '../contracts/pubsub.ts'
import type { Broadcaster } from './broadcast.ts'
import type { Connection } from './connection.ts'
import type { Identity } from './identity.ts'

export type { Identity } from './identity.ts'

/** The database of record as the hub needs it. Positions are per topic, gapless, beginning with 1. */
export interface EventLog {
  /**
   * Where topics stand now, and up to which number their events are pruned. A topic without events gets its epoch here, so that a
   * position in it can be told.
   */
  heads(topics: readonly string[]): Promise<Map<string, { epoch: string; seq: number; pruned: number }>>
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
  /** Connections of one address, signed in or not; 0: no limit. @defaultValue 1000 */
  connectionsPerAddress: number
  framesPerArray: number
  /** Commands of one connection that may run or wait at the same time; above it the socket is not read on. */
  commandsInFlight: number
}

/** What a hub needs. */
export interface HubOptions {
  authenticate: (token: string) => Promise<Identity>
  /** Who somebody is by now: role and tier may have changed. Throws a 401 or 403 Problem when the session or account has ended. */
  refresh: (actor: Actor) => Promise<Actor>
  log: EventLog
  pubsub: PubSub
  broadcaster: Pick<Broadcaster, 'onFrame'>
  /** Frames a connection may send; for a group, operations of somebody over all connections to this instance. */
  allowance: (actor: Actor | undefined, group?: LimitGroup) => Allowance
  /** How many connections somebody may have on this instance. */
  connectionsOf?: (actor: Actor) => number
  /** Any error as clients are told of it, the same as over REST. */
  toProblem: (error: unknown) => Problem
  /** Told of every fault that no client is to blame for. */
  onError: (error: unknown) => void
  /** Told how long it took to write one turn's frames to all their receivers, ms. */
  onFanOut?: (ms: number) => void
  limits?: Partial<HubLimits>
  clock?: Clock
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
  connectionsPerAddress: 1000,
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

/**
 * Port: a small bus between the instances of one installation.
 *
 * What it is: fire and forget fan-out of short texts to every instance that is listening right now, the sender included.
 * What it is not: a queue, a store or the only carrier of records. A message is delivered at most once, and not at all to an
 * instance whose connection is down at that moment. Whoever must not miss anything keeps the truth in a table, publishes
 * a pointer to it, and reads the table again when `onReconnect` fires.
 *
 * Order: messages of one sender on one channel arrive in the order of `publish`. Nothing is promised between senders.
 */
export interface PubSub {
  /** The biggest record that may ride along with its pointer, bytes of UTF-8: it spares the others the reading. 0 where only pointers travel. */
  readonly recordBytes: number
  /**
   * Sends `payload` to every subscriber of `channel`. Resolves when the backend has taken it, which says nothing about
   * who received it. Rejects while the backend is out of reach, and with a RangeError above `PUBSUB_MAX_BYTES`.
   */
  publish(channel: string, payload: string): Promise<void>
  /**
   * Calls `handler` for every message on `channel` from now on; resolves when the backend confirmed the subscription.
   * An error thrown by a handler goes to the adapter's `onError`, and reaches neither other handlers nor the sender.
   */
  subscribe(channel: string, handler: (payload: string) => void): Promise<Unsubscribe>
  /** Calls `handler` each time a lost connection is listening again: messages may have been missed in between. */
  onReconnect(handler: () => void): () => void
  /** A round trip through the backend: whether what this instance publishes comes back, and how long it took. */
  health(): Promise<PubSubHealth>
  /** Sends what is still waiting, then releases the connections. Further calls reject. */
  close(): Promise<void>
}

/** Ends one subscription; a second call does nothing. */
export type Unsubscribe = () => Promise<void>

/** `latencyMs` is the time of the round trip; it is missing when none came back within the adapter's limit. */
export interface PubSubHealth {
  ok: boolean
  backend: string
  latencyMs?: number
  error?: string
}

/** What every adapter takes besides its address. */
export interface PubSubOptions {
  /** Separates installations that share one backend. @defaultValue 'parley' */
  namespace?: string
  /** Told of faults that no caller waits for: a handler that threw, a connection that was lost. */
  onError?: (error: unknown) => void
  /** How long a health round trip may take before the connection counts as dead, ms. @defaultValue 2000 */
  healthTimeoutMs?: number
  /** How often the connections are tried with a round trip, so that a half-open one is noticed and replaced, ms. @defaultValue 15000 */
  probeIntervalMs?: number
}

/** The biggest payload in bytes of UTF-8. Larger content belongs in a table, with a pointer to it here. */
export const PUBSUB_MAX_BYTES = 256 * 1024

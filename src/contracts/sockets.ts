import type { TSchema } from 'typebox'
import type { StoredEvent } from './events.ts'
import type { ServerFrame } from './frames.ts'
import type { Actor } from './policy.ts'

/** A connection as features see it. */
export interface SocketConnection {
  readonly id: string
  readonly identity: { actor: Actor } | undefined
}

/** A frame type of a feature: its schema, and what is done. */
export interface SocketCommand<Frame> {
  schema: TSchema
  /** The answer's fields go into the ack. Throw a Problem to refuse. */
  handler: (
    actor: Actor,
    frame: Frame,
    connection: SocketConnection,
  ) => Promise<object | undefined> | object | undefined
  /** Frames of one connection with the same lane run one after the other. Without: at once. */
  lane?: (frame: Frame) => string
}

/** Port: where features register what they have to do with sockets. It is the hub, which knows none of them. */
export interface SocketRegistry {
  /** Adds a frame type. Throws for one that exists. */
  command<Frame>(type: string, command: SocketCommand<Frame>): void
  /** Sets who may follow topics of a kind: throws NOT_FOUND or FORBIDDEN for others. */
  authorize(kind: string, authorizer: (actor: Actor, id: string) => Promise<unknown>): void
  /**
   * Declares that the database itself writes the events of topics of a kind, unknown to the process that commits. `open` is awaited before the
   * first subscriber on this instance is told where such a topic stands.
   */
  watch(kind: string, open: (id: string) => Promise<void>): void
  /** Gives an event a frame type of its own; topic, epoch and seq are added to it. */
  project(name: string, projection: (event: StoredEvent) => ServerFrame): void
  /** Sees events of followed topics in their order, just before their subscribers do: the moment to take rights away. */
  guard(name: string, guard: (event: StoredEvent) => void): void
  /** Takes a topic away from all connections of a user on this instance. */
  expel(userId: string, topic: string, reason: string): void
  /** Has the rights of a user's subscriptions looked at again, on all instances. */
  control(message: { kind: 'recheck'; userId: string }): void
  /** Sends a frame to one connection, or to all on this instance who follow a topic. */
  send(connection: SocketConnection, frame: object): void
  deliver(topic: string, frame: ServerFrame): void
  onSubscribed(handler: (connection: SocketConnection, topic: string) => void): void
  onUnsubscribed(handler: (connection: SocketConnection, topic: string) => void): void
}

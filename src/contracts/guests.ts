import type { Actor } from './policy.ts'

/** Who follows a topic as a guest. */
export interface GuestListener {
  /** A frame of the topic, as a subscriber over `/ws` gets it. */
  frame(frame: { type: string } & Record<string, unknown>): void
  /** The topic was taken away, for the reason that `system unsubscribed` names. */
  end(reason: string): void
}

/**
 * A socket that speaks another protocol than ours, as that protocol sees it. The socket hub looks after its session, rights, bounds and end like after
 * all others; the protocol says what is sent and read. Not the socket itself: messages go over that.
 */
export interface Guest {
  /** Who is connected, with the rights of now; undefined before {@link Guest.login}. */
  readonly actor: Actor | undefined
  /** Checks a token. A first one that is refused ends the connection. @throws the same as over REST, RATE_LIMITED above the connections of a user */
  login(token: string): Promise<void>
  /** Counts a message that came in. False: it was one too many, and the connection is being closed. */
  heard(): boolean
  /** Follows a topic; what it answers leaves it again. @throws UNAUTHENTICATED, NOT_FOUND, FORBIDDEN, RATE_LIMITED */
  follow(topic: string, listener: GuestListener): Promise<() => void>
  /** Ends a connection that does not keep up, or whose fault is ours: it may come back after a while. */
  overloaded(): void
}

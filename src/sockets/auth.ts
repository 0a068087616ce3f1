import { Problem, problem } from '../contracts/errors.ts'
import type { CloseReason } from '../contracts/frames.ts'
import type { Actor } from '../contracts/policy.ts'
import type { Connection } from './connection.ts'
import type { Clock, HubLimits, Identity } from './types.ts'

/** What authentication of sockets needs. */
export interface SocketAuthOptions {
  limits: HubLimits
  clock: Clock
  /** Checks a token. Throws the same Problems as over REST. */
  authenticate: (token: string) => Promise<Identity>
  /** Who somebody is by now; throws a 401 or 403 Problem when the session or account has ended. */
  refresh: (actor: Actor) => Promise<Actor>
  /** How many connections somebody may have on this instance. */
  connectionsOf: (actor: Actor) => number
  send: (connection: Connection, frame: object) => void
  close: (connection: Connection, reason: CloseReason) => void
  onAuthenticated: (connection: Connection) => void
  /** The first token was checked, with whatever outcome: what was held back may go on. */
  onChecked: (connection: Connection) => void
  /** A fresh token may come with other rights. */
  onRenewed: (connection: Connection) => void
}

/** How long before the expiry of its token a client is told, and how long after it the connection lives on, ms. */
const WARN_MS = 60_000
const GRACE_MS = 10_000

/** Who is connected: the first token, fresh ones on the living socket, expiry, and the cap per user. */
export function createSocketAuth(options: SocketAuthOptions) {
  const { limits, clock, authenticate, refresh, connectionsOf, send, close, onAuthenticated, onChecked, onRenewed } =
    options
  const byUser = new Map<string, Set<Connection>>()

  function welcome(connection: Connection, identity: Identity): object {
    const { userId } = identity.actor
    const set = byUser.get(userId) ?? new Set()
    const allowed = connectionsOf(identity.actor)
    if (set.size >= allowed) {
      close(connection, 'THROTTLED')
      throw problem('RATE_LIMITED', { detail: `At most ${allowed} connections`, retryAfter: 60 })
    }
    connection.identity = identity
    connection.checkedAt = clock.monotonic()
    // From now on it has what its tier grants, from the beginning.
    connection.tokens = Number.NaN
    byUser.set(userId, set.add(connection))
    onAuthenticated(connection)
    return told(connection, identity)
  }

  function renew(connection: Connection, current: Identity, identity: Identity): object {
    if (identity.actor.userId !== current.actor.userId) {
      throw problem('FORBIDDEN', { detail: 'The token is of another user: open another connection' })
    }
    connection.identity = identity
    connection.warned = false
    onRenewed(connection)
    return told(connection, identity)
  }

  function told(connection: Connection, { actor, expiresAt }: Identity): object {
    const { userId } = actor
    const until = Number.isFinite(expiresAt) ? new Date(expiresAt).toISOString() : undefined
    send(connection, { type: 'system', event: 'authenticated', authenticated: true, userId, expiresAt: until })
    return { userId, expiresAt: until }
  }

  return {
    /** Takes over who was found good elsewhere. @throws RATE_LIMITED above the connections of a user */
    admit: welcome,

    /** Checks a token and takes it over. A first one that is refused ends the connection, a fresh one that is refused does not. */
    async login(connection: Connection, token: string): Promise<object> {
      if (!connection.identity) connection.held = []
      try {
        const identity = await authenticate(token)
        if (connection.closing !== undefined) throw problem('UNAUTHENTICATED')
        const current = connection.identity
        return current ? renew(connection, current, identity) : welcome(connection, identity)
      } catch (error) {
        const expected = error instanceof Problem
        if (!connection.identity && expected) close(connection, error.status === 403 ? 'FORBIDDEN' : 'UNAUTHENTICATED')
        if (!connection.identity && !expected) close(connection, 'OVERLOADED')
        throw error
      } finally {
        if (connection.held) onChecked(connection)
      }
    },

    /** Called every second or so for each connection. */
    check(connection: Connection, now: number): void {
      const { identity } = connection
      if (!identity) {
        if (now - connection.openedAt > limits.authMs && !connection.held) close(connection, 'AUTH_TIMEOUT')
        return
      }
      const left = identity.expiresAt - clock.wall()
      if (left < -GRACE_MS) close(connection, 'UNAUTHENTICATED')
      else if (left < WARN_MS && !connection.warned) {
        connection.warned = true
        const expiresAt = new Date(identity.expiresAt).toISOString()
        send(connection, { type: 'system', event: 'auth_expiring', expiresAt })
      }
    },

    /** Looks again at whether the session still stands; closes the connection and answers false when it does not. */
    async recheck(connection: Connection): Promise<boolean> {
      const { identity } = connection
      if (!identity) return false
      try {
        const actor = await refresh(identity.actor)
        if (connection.identity === identity) connection.identity = { ...identity, actor }
        return true
      } catch (error) {
        const ended = error instanceof Problem && (error.status === 401 || error.status === 403)
        if (!ended) throw error
        close(connection, error.status === 403 ? 'FORBIDDEN' : 'UNAUTHENTICATED')
        return false
      }
    },

    gone(connection: Connection): void {
      const userId = connection.identity?.actor.userId
      const set = userId === undefined ? undefined : byUser.get(userId)
      if (userId !== undefined && set?.delete(connection) && set.size === 0) byUser.delete(userId)
    },

    /** Connections of a user on this instance. */
    of: (userId: string): Connection[] => [...(byUser.get(userId) ?? [])],
    get users() {
      return byUser.size
    },
  }
}

import type { ServerRole, Tier } from './policy.ts'

/** What a session stands for at the moment. */
export interface SessionStanding {
  userId: string
  role: ServerRole
  tier: Tier
  /** Whether the account is disabled. */
  disabled: boolean
  /** Whether the session was ended, or has been idle for too long. */
  ended: boolean
  /** Its absolute end, ms since 1970. */
  endsAt: number
}

/**
 * The port for looking up who a session stands for: asked with every authenticated request, so kept for a short while, and forgotten on all
 * instances when something changes. What is kept is never older than {@link STANDING_TTL_MS} in this process, whatever gets lost between
 * instances. It is no place of record: that is the table `sessions`.
 */
export interface SessionLookup {
  /** `postgres` or `redis`; for logs. */
  readonly backend: string
  /** The standing of a session of a user; undefined when there is no such session. Rejects when it can be found nowhere. */
  find(userId: string, sessionId: string): Promise<SessionStanding | undefined>
  /**
   * Forgets all sessions of a user: in this process before it returns, on all instances when it resolves. A look-up under way does not bring the
   * old standing back.
   */
  forget(userId: string): Promise<void>
  /** Ends timers and subscriptions of its own. Connections that were handed in stay open. */
  close(): Promise<void>
}

/** How long a process believes a standing without asking again, ms. */
export const STANDING_TTL_MS = 1000

/** Reads the standing of a session from the database. */
export type LoadStanding = (sessionId: string) => Promise<SessionStanding | undefined>

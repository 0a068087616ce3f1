import type { CloseReason } from '../contracts/frames.ts'
import type { Connection } from './connection.ts'
import type { ControlMessage } from './control.ts'
import { createNews } from './news.ts'
import type { Clock, HubLimits } from './types.ts'

/** What looking at rights needs of the hub. */
export interface RightsOptions {
  limits: HubLimits
  clock: Clock
  connections: ReadonlySet<Connection>
  auth: { of(userId: string): Connection[]; recheck(connection: Connection): Promise<boolean> }
  subscriptions: { clear(connection: Connection): void; recheck(connection: Connection): Promise<void> }
  answers: { obey(message: ControlMessage): void; recheckAll(): void }
  close: (connection: Connection, reason: CloseReason) => void
  onError: (error: unknown) => void
}

/** All look at their rights again within this time after news may have been missed, ms: not in one burst. */
const SPREAD_MS = 2000

/** Who stays connected, and follows what: looked at again at every news of a user, now and then anyway, and at once where news came before somebody. */
export function createRights({
  limits,
  clock,
  connections,
  auth,
  subscriptions,
  answers,
  close,
  onError,
}: RightsOptions) {
  const news = createNews(clock)

  /** Whether its session, key and account still stand; without subscriptions where they do not. */
  async function recheckSession(connection: Connection): Promise<boolean> {
    const stands = await auth.recheck(connection)
    if (!stands) subscriptions.clear(connection)
    return stands
  }

  function recheck(connection: Connection): void {
    connection.checkedAt = clock.monotonic()
    recheckSession(connection)
      .then((stands) => (stands ? subscriptions.recheck(connection) : undefined))
      .catch(onError)
  }

  return {
    /** Acts on what an instance told about a user. */
    obey(message: ControlMessage): void {
      news.note(message.userId)
      answers.obey(message)
      if (message.kind === 'recheck' && message.answersOnly) return
      for (const connection of auth.of(message.userId)) {
        if (message.kind === 'recheck') recheck(connection)
        else if (!message.sessionId || connection.identity?.actor.sessionId === message.sessionId) {
          subscriptions.clear(connection)
          close(connection, message.forever ? 'FORBIDDEN' : 'UNAUTHENTICATED')
        }
      }
    },

    /** Somebody has just signed in on a connection that could not be told the latest news of its user: it was not known to be theirs. */
    admitted(connection: Connection): void {
      if (news.of(connection.identity?.actor.userId ?? '')) recheckSession(connection).catch(onError)
    },

    /** News may have been missed: everybody is looked at again, spread over the following sweeps. */
    recheckAll(): void {
      answers.recheckAll()
      news.noteAll()
      const now = clock.monotonic()
      for (const connection of connections) connection.checkedAt = now - limits.recheckMs + Math.random() * SPREAD_MS
    },

    /** Called every second or so for each connection. */
    check(connection: Connection, now: number): void {
      if (connection.identity && now - connection.checkedAt > limits.recheckMs) recheck(connection)
    },

    /** Called every second or so. */
    sweep: news.sweep,
  }
}

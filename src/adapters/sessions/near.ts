import { randomUUID } from 'node:crypto'
import { LRUCache } from 'lru-cache'
import type { PubSub } from '../../contracts/pubsub.ts'
import { type SessionStanding, STANDING_TTL_MS } from '../../contracts/sessions.ts'

/** What is kept in the process. */
export interface NearOptions {
  /** Finds what is not kept. */
  find: (userId: string, sessionId: string) => Promise<SessionStanding | undefined>
  /** Tells other instances what to forget. */
  pubsub: PubSub
  /** @defaultValue {@link STANDING_TTL_MS} */
  ttlMs?: number
}

const CHANNEL = 'sessions.forget'
const MAX_USERS = 20_000

/** The part of a session look-up that both backends share: what a process keeps by itself, for a second, by user. */
export async function createNear({ find, pubsub, ttlMs = STANDING_TTL_MS }: NearOptions) {
  /** The sessions of a user that were asked for within the last second; parallel callers share one look-up. */
  const users = new LRUCache<string, Map<string, Promise<SessionStanding | undefined>>>({ max: MAX_USERS, ttl: ttlMs })
  const instance = randomUUID()
  const stop = await pubsub.subscribe(CHANNEL, (payload) => {
    const [from, userId] = JSON.parse(payload) as [string, string]
    // Here it was dropped before it was told: what was found since then is true.
    if (from !== instance) users.delete(userId)
  })
  const stopReconnect = pubsub.onReconnect(() => users.clear())

  return {
    find(userId: string, sessionId: string): Promise<SessionStanding | undefined> {
      let sessions = users.get(userId)
      if (sessions === undefined) {
        sessions = new Map()
        users.set(userId, sessions)
      }
      let found = sessions.get(sessionId)
      if (found === undefined) {
        found = find(userId, sessionId)
        sessions.set(sessionId, found)
        found.catch(() => sessions.delete(sessionId))
      }
      return found
    },
    /** Here only. */
    drop: (userId: string) => void users.delete(userId),
    /** On all instances. */
    async forget(userId: string): Promise<void> {
      users.delete(userId)
      await pubsub.publish(CHANNEL, JSON.stringify([instance, userId]))
    },
    async close(): Promise<void> {
      stopReconnect()
      await stop()
    },
  }
}

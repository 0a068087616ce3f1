import type { Redis } from 'ioredis'
import type { PubSub } from '../../contracts/pubsub.ts'
import type { LoadStanding, SessionLookup, SessionStanding } from '../../contracts/sessions.ts'
import { createNear } from './near.ts'

/** Settings of the look-up on Redis. */
export interface RedisSessionsOptions {
  /** A connected client; it stays the caller's to close. */
  redis: Redis
  load: LoadStanding
  pubsub: PubSub
  ttlMs?: number
  /** Put before every key. @defaultValue `{parley}:session:`, whose braces keep all keys in one slot of a Redis cluster */
  prefix?: string
  /** Told of failures of Redis; the database answers then. */
  onError: (error: unknown) => void
}

/** How long Redis keeps a standing, ms. */
const KEPT_MS = 10_000
/** How long nothing is kept of a user after a change: longer than anything that was kept before it. */
const SHUNNED_MS = KEPT_MS + 2000
/** A look-up in the database that took longer is not kept: the mark of a change during it may be gone again. */
const SLOW_MS = 1000
/** How often and how long a mark is tried to be set while Redis is away: until what it would hide has run out. */
const RETRY_MS = 250

/* KEYS: mark of the user, standing. ARGV: standing, ms. Keeps nothing while the mark is there. */
const KEEP = `
if redis.call('EXISTS', KEYS[1]) == 1 then return 0 end
redis.call('SET', KEYS[2], ARGV[1], 'PX', ARGV[2])
return 1`

/**
 * Looks sessions up in Redis before the database, so that a database of many instances is asked once in ten seconds for a session, not once
 * a second by each. A change puts a mark on the user: what was kept is not believed, and nothing is kept, until all of it has run out.
 */
export async function createRedisSessions(options: RedisSessionsOptions): Promise<SessionLookup> {
  const { redis, load, prefix = '{parley}:session:', onError } = options
  const markOf = (userId: string) => `${prefix}${userId}`
  const keyOf = (userId: string, sessionId: string) => `${prefix}${userId}:${sessionId}`
  let closed = false

  async function fromDatabase(userId: string, sessionId: string): Promise<SessionStanding | undefined> {
    const begun = performance.now()
    const found = await load(sessionId)
    if (found !== undefined && performance.now() - begun < SLOW_MS) {
      const text = JSON.stringify(found)
      redis.eval(KEEP, 2, markOf(userId), keyOf(userId, sessionId), text, KEPT_MS).catch(onError)
    }
    return found
  }

  async function find(userId: string, sessionId: string): Promise<SessionStanding | undefined> {
    try {
      const [mark, kept] = await redis.mget(markOf(userId), keyOf(userId, sessionId))
      if (mark === null && typeof kept === 'string') return JSON.parse(kept) as SessionStanding
    } catch (error) {
      onError(error)
    }
    return fromDatabase(userId, sessionId)
  }

  /** Tries for as long as something could be believed that is no longer true. */
  async function mark(userId: string, until = performance.now() + KEPT_MS): Promise<void> {
    try {
      await redis.set(markOf(userId), '1', 'PX', SHUNNED_MS)
    } catch (error) {
      onError(error)
      if (closed || performance.now() > until) return
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS).unref())
      await mark(userId, until)
    }
  }

  const near = await createNear({ ...options, find })
  return {
    backend: 'redis',
    find: near.find,
    async forget(userId) {
      near.drop(userId)
      await mark(userId)
      await near.forget(userId)
    },
    async close() {
      closed = true
      await near.close()
    },
  }
}

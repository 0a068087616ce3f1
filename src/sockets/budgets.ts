import { LRUCache } from 'lru-cache'
import type { LimitGroup } from '../contracts/http.ts'
import type { Actor } from '../contracts/policy.ts'
import type { Connection } from './connection.ts'
import type { Allowance } from './types.ts'

interface Bucket {
  tokens: number
  at: number
}

/** Who is remembered; whoever was quiet for longest is forgotten first, and begins with a full bucket again. */
const MOST = 50_000

/**
 * Token buckets of operations, beside the one of all frames of a connection (see throttle.ts): somebody's connections to this instance share one for
 * each group, so that more connections allow no more writes. Fresh tokens count for their connection alone: many tabs renew at the same time.
 */
export function createBudgets(allowance: (actor: Actor, group: LimitGroup) => Allowance) {
  const shared = new LRUCache<string, Bucket>({ max: MOST })
  const own = new WeakMap<Connection, Bucket>()

  function bucketOf(connection: Connection, { userId, keyId }: Actor, group: LimitGroup, full: Bucket): Bucket {
    const found = group === 'auth' ? own.get(connection) : shared.get(`${group} ${keyId ?? userId}`)
    if (found) return found
    if (group === 'auth') own.set(connection, full)
    else shared.set(`${group} ${keyId ?? userId}`, full)
    return full
  }

  /**
   * Takes a token for an operation of a group.
   * @returns undefined when it may go on, else the seconds until it may
   */
  return function spend(connection: Connection, group: LimitGroup, now: number): number | undefined {
    const actor = connection.identity?.actor
    // The first token of a connection: one that is refused ends it.
    if (actor === undefined) return undefined
    const { burst, perSecond } = allowance(actor, group)
    const bucket = bucketOf(connection, actor, group, { tokens: burst, at: now })
    bucket.tokens = Math.min(burst, bucket.tokens + ((now - bucket.at) / 1000) * perSecond)
    bucket.at = now
    if (bucket.tokens < 1) return Math.ceil(((1 - bucket.tokens) / perSecond) * 1000) / 1000
    bucket.tokens -= 1
    return undefined
  }
}

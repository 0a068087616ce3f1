import { LIMIT_GROUPS, type LimitGroup } from '../contracts/http.ts'
import { type Actor, TIER_FACTOR } from '../contracts/policy.ts'
import type { Allowance } from './types.ts'

const UNLIMITED: Allowance = { burst: Number.MAX_SAFE_INTEGER, perSecond: Number.MAX_SAFE_INTEGER }

/**
 * What connections and operations may do, by tier: the same sizes as over REST.
 * @param sizeOf the size of a group for the free tier, `count/seconds`
 */
export function createAllowance(sizeOf: (group: Uppercase<LimitGroup>) => string, enabled: boolean) {
  const sizes = new Map(
    LIMIT_GROUPS.map((group) => [
      group,
      sizeOf(group.toUpperCase() as Uppercase<LimitGroup>)
        .split('/')
        .map(Number),
    ]),
  )
  return (actor: Actor | undefined, group: LimitGroup = 'socket'): Allowance => {
    if (!enabled) return UNLIMITED
    const [count = 0, seconds = 60] = sizes.get(group) ?? []
    const burst = count * TIER_FACTOR[actor?.tier ?? 'free']
    return { burst, perSecond: burst / seconds }
  }
}

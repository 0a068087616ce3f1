import { type Actor, TIER_LIMITS } from '../contracts/policy.ts'
import type { Usage, UsageQuery } from './model.ts'

/** Who knows what is used. */
export interface UsageDeps {
  /** @throws NOT_FOUND, FORBIDDEN */
  storage: (
    actor: Actor,
    workspaceId: string | undefined,
  ) => Promise<{ workspaceId: string; used: number; limit: number; maxFileBytes: number }>
  assistantTokens: (actor: Actor) => Promise<Usage['assistantTokens']>
}

/** Tells somebody what their tier allows and what is used of it. Enforces nothing: that is done where it is used. */
export const createUsage =
  ({ storage, assistantTokens }: UsageDeps) =>
  async (actor: Actor, { workspaceId }: UsageQuery): Promise<Usage> => {
    const [{ maxFileBytes, ...stored }, tokens] = await Promise.all([
      storage(actor, workspaceId),
      assistantTokens(actor),
    ])
    const { sockets, requests } = TIER_LIMITS[actor.tier]
    return {
      tier: actor.tier,
      storage: stored,
      uploads: { maxFileBytes },
      assistantTokens: tokens,
      sockets: { limit: sockets },
      requests: { factor: requests },
    }
  }

import { type Actor, TIER_LIMITS, type Tier } from '../contracts/policy.ts'

/** Limits of one upload in bytes. */
export interface UploadLimits {
  maxFileBytes: number
  workspaceBytes: number
}

/** What the limits of uploads need: those of the free tier, and who owns a workspace. */
export interface LimitsDeps {
  base: UploadLimits
  /** The tier of the owner of a workspace; undefined when it has none (any more). */
  ownerTier: (workspaceId: string) => Promise<Tier | undefined>
}

const times = (bytes: number, factor: number): number => Math.min(bytes * factor, Number.MAX_SAFE_INTEGER)

/** What plan tiers allow of uploads: the size of a file by the tier of whoever sends it, storage by that of the owner of the workspace. */
export function createTierLimits({ base, ownerTier }: LimitsDeps) {
  const maxFileBytes = (tier: Tier): number => times(base.maxFileBytes, TIER_LIMITS[tier].uploadBytes)
  return {
    maxFileBytes,
    async of(actor: Pick<Actor, 'tier'>, workspaceId: string): Promise<UploadLimits> {
      const { storage } = TIER_LIMITS[(await ownerTier(workspaceId)) ?? 'free']
      return { maxFileBytes: maxFileBytes(actor.tier), workspaceBytes: times(base.workspaceBytes, storage) }
    },
  }
}

/** See {@link createTierLimits}. */
export type TierUploadLimits = ReturnType<typeof createTierLimits>

import type { Clock } from './types.ts'

/** Longer than any instance answers for a session from its memory, and than news are under way between instances, ms. */
const WINDOW_MS = 5000

/**
 * Of whom something was told lately. Whoever signs in meanwhile may have been let in by what was known before, and could not be told, for the
 * connection was not there yet: it is looked at again. Nobody else is, so that signing in costs no second query.
 */
export function createNews({ monotonic }: Clock) {
  const told = new Map<string, number>()
  let everybodyUntil = Number.NEGATIVE_INFINITY

  return {
    of: (userId: string): boolean => monotonic() < Math.max(everybodyUntil, told.get(userId) ?? 0),
    note: (userId: string): void => void told.set(userId, monotonic() + WINDOW_MS),
    noteAll(): void {
      everybodyUntil = monotonic() + WINDOW_MS
    },
    /** Forgets what is no longer news. */
    sweep(): void {
      const now = monotonic()
      for (const [userId, until] of told) if (until <= now) told.delete(userId)
    },
  }
}

import type { Attempts } from '../../contracts/attempts.ts'

/**
 * Counts with the first as long as it answers, with the second while it does not: guessing passwords must not become free, nor signing in
 * impossible, because a service is away. Windows begin anew with the change.
 */
export function createFallbackAttempts(first: Attempts, second: Attempts, onError: (error: unknown) => void): Attempts {
  async function either<T>(work: (attempts: Attempts) => Promise<T>): Promise<T> {
    try {
      return await work(first)
    } catch (error) {
      onError(error)
      return work(second)
    }
  }
  return {
    backend: first.backend,
    take: (windows) => either((attempts) => attempts.take(windows)),
    giveBack: (keys) => either((attempts) => attempts.giveBack(keys)),
    async close() {
      await Promise.all([first.close(), second.close()])
    },
  }
}

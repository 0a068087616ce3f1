import type { Attempts, AttemptWindow } from '../contracts/attempts.ts'
import { problem } from '../contracts/errors.ts'

/** What bounds wrong passwords: how many in a window. */
export interface GuessLimits {
  attempts: Attempts
  max: number
  windowSeconds: number
}

/** A window, and how many guesses it has room for. */
export type GuessWindow = AttemptWindow & { max: number }

/** Wrong passwords of an account in an hour, in multiples of the short window: what slow guessing runs into. */
const HOURLY_FACTOR = 5
const HOUR_MS = 3_600_000

/** The two windows of an account: a short one, and an hour. */
export const windowsOf = (short: string, hourly: string, { max, windowSeconds }: GuessLimits): GuessWindow[] => [
  { key: short, windowMs: windowSeconds * 1000, max },
  { key: hourly, windowMs: HOUR_MS, max: max * HOURLY_FACTOR },
]

/**
 * Counts a guess in all windows before it is looked at, so that parallel ones cannot slip through; or in none: what is refused in one must
 * not fill the others. Answers the longest wait, if any, in ms.
 */
export async function takeGuess(attempts: Attempts, windows: readonly GuessWindow[]): Promise<number | undefined> {
  const counts = await attempts.take(windows)
  const over = counts.filter(({ count }, index) => count > (windows[index]?.max ?? 0))
  if (over.length === 0) return undefined
  await attempts.giveBack(counts.map(({ key }) => key))
  return Math.max(...over.map(({ resetsInMs }) => resetsInMs))
}

/** What one guess too many is answered with. */
export const tooManyGuesses = (waitMs: number) =>
  problem('RATE_LIMITED', {
    detail: 'Too many wrong passwords: wait before trying again',
    retryAfter: Math.ceil(waitMs / 1000),
  })

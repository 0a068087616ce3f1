import { createHash } from 'node:crypto'
import type { AttemptCount, Attempts } from '../contracts/attempts.ts'
import { problem } from '../contracts/errors.ts'
import { networkOf } from '../lib/addresses.ts'

/** What the throttle needs. */
export interface LoginThrottleOptions {
  attempts: Attempts
  /** Wrong passwords that an account, and an address, may have in a window. */
  max: number
  windowSeconds: number
  /** Whether somebody has signed in to the account of this email from this address before. Asked only when the account is throttled. */
  knows: (email: string, address: string) => Promise<boolean>
}

/** Wrong passwords of an account in an hour, in multiples of the short window: what slow guessing from many places runs into. */
const HOURLY_FACTOR = 5
const HOUR_MS = 3_600_000

/** An attempt that was let through. */
export interface LoginAttempt {
  /** The password was right: the attempt does not count. */
  succeeded(): Promise<void>
}

/**
 * Bounds the wrong passwords of an account, from wherever they come, and of an address, whatever accounts they are for. Attempts are counted
 * before the password is looked at, so that parallel ones cannot slip through, and given back when it was right. An account is known by the email as
 * written in lower case, whether it exists or not: being throttled tells nothing. The owner is never kept out for good: windows
 * end whatever arrives meanwhile, and an address that the account was used from before has a window of its own.
 */
export function createLoginThrottle({ attempts, max, windowSeconds, knows }: LoginThrottleOptions) {
  const windowMs = windowSeconds * 1000
  const digest = (text: string) => createHash('sha256').update(text).digest('base64url')

  const refused = (resetsInMs: number) =>
    problem('RATE_LIMITED', {
      detail: 'Too many wrong passwords: wait before trying again',
      retryAfter: Math.ceil(resetsInMs / 1000),
    })

  /** Counts in all windows, or in none: what is refused in one must not fill the others. Answers the longest wait, if any. */
  async function take(windows: { key: string; windowMs: number; max: number }[]): Promise<number | undefined> {
    const counts = await attempts.take(windows)
    const isOver = ({ count }: AttemptCount, index: number) => count > (windows[index]?.max ?? 0)
    const over = counts.filter(isOver)
    if (over.length === 0) return undefined
    await attempts.giveBack(counts.map(({ key }) => key))
    return Math.max(...over.map(({ resetsInMs }) => resetsInMs))
  }

  return {
    /** @throws RATE_LIMITED with the seconds to wait */
    async begin(email: string, address: string): Promise<LoginAttempt> {
      const account = digest(email.trim().toLowerCase())
      const network = networkOf(address)
      const byAddress = { key: `login:address:${network}`, windowMs, max }
      const byAccount = [
        { key: `login:account:${account}`, windowMs, max },
        { key: `login:hourly:${account}`, windowMs: HOUR_MS, max: max * HOURLY_FACTOR },
      ]
      const own = { key: `login:known:${account}:${network}`, windowMs, max }
      let counted = [byAddress, ...byAccount]
      const wait = await take(counted)
      if (wait !== undefined) {
        counted = [byAddress, own]
        if (!(await knows(email, address)) || (await take(counted)) !== undefined) throw refused(wait)
      }
      return { succeeded: () => attempts.giveBack(counted.map(({ key }) => key)) }
    },
  }
}

/** See {@link createLoginThrottle}. */
export type LoginThrottle = ReturnType<typeof createLoginThrottle>

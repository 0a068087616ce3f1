import { createHash } from 'node:crypto'
import { networkOf } from '../lib/addresses.ts'
import { type GuessLimits, takeGuess, tooManyGuesses, windowsOf } from './guesses.ts'

/** What the throttle needs. The limits are those of an account, and of an address. */
export interface LoginThrottleOptions extends GuessLimits {
  /** Whether somebody has signed in to the account of this email from this address before. Asked only when the account is throttled. */
  knows: (email: string, address: string) => Promise<boolean>
}

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
  const limits = { attempts, max, windowSeconds }
  const digest = (text: string) => createHash('sha256').update(text).digest('base64url')

  return {
    /** @throws RATE_LIMITED with the seconds to wait */
    async begin(email: string, address: string): Promise<LoginAttempt> {
      const account = digest(email.trim().toLowerCase())
      const network = networkOf(address)
      const windowMs = windowSeconds * 1000
      const byAddress = { key: `login:address:${network}`, windowMs, max }
      const own = { key: `login:known:${account}:${network}`, windowMs, max }
      let counted = [byAddress, ...windowsOf(`login:account:${account}`, `login:hourly:${account}`, limits)]
      const wait = await takeGuess(attempts, counted)
      if (wait !== undefined) {
        counted = [byAddress, own]
        const isKnown = await knows(email, address)
        if (!isKnown || (await takeGuess(attempts, counted)) !== undefined) throw tooManyGuesses(wait)
      }
      return { succeeded: () => attempts.giveBack(counted.map(({ key }) => key)) }
    },
  }
}

/** See {@link createLoginThrottle}. */
export type LoginThrottle = ReturnType<typeof createLoginThrottle>

import type { Origin } from '../contracts/audit.ts'
import { problem } from '../contracts/errors.ts'
import type { Actor } from '../contracts/policy.ts'
import { audit } from '../db/audit.ts'
import type { Database } from '../db/database.ts'
import { type GuessLimits, takeGuess, tooManyGuesses, windowsOf } from './guesses.ts'
import type { Passwords } from './passwords.ts'
import { createAccountRepository } from './repository.ts'

/** What asking again needs. */
export interface ReauthenticationDeps {
  db: Database
  passwords: Passwords
  /** Bounds wrong passwords of an account, whichever of its sessions they come from; undefined where limits are off. */
  guesses?: GuessLimits | undefined
}

/** For how long a sign-in stands in for the password. */
const RECENT_MINUTES = 10

/** Makes what asks a signed-in user for the password again, before anything that could lock the owner out (OWASP ASVS 7.5.1). */
export function createReauthentication({ db, passwords, guesses }: ReauthenticationDeps) {
  const repository = createAccountRepository(db)

  /** @throws INVALID_CREDENTIALS when it is not the password, FORBIDDEN for an account that has none, RATE_LIMITED */
  async function demandPassword(userId: string, password: string, origin: Origin): Promise<void> {
    const windows = guesses ? windowsOf(`password:${userId}`, `password:hourly:${userId}`, guesses) : []
    const wait = guesses && (await takeGuess(guesses.attempts, windows))
    if (wait !== undefined) throw tooManyGuesses(wait)
    const stored = await repository.passwordHash(userId)
    if (await passwords.verify(stored, password)) return guesses?.attempts.giveBack(windows.map(({ key }) => key))
    await audit(db.sql, { action: 'account.password_refused', actorId: userId, targetId: userId, origin })
    if (stored === null)
      throw problem('FORBIDDEN', { detail: 'This account has no password yet: ask for one by "forgot password"' })
    throw problem('INVALID_CREDENTIALS', { detail: 'The current password is wrong' })
  }

  return {
    demandPassword,

    /**
     * Asks for the password, or that the session was opened just now: whoever has none signs in again.
     * @throws REAUTHENTICATION_REQUIRED, and what {@link demandPassword} throws
     */
    async demandRecent({ userId, sessionId }: Actor, password: string | undefined, origin: Origin): Promise<void> {
      if (password !== undefined) return demandPassword(userId, password, origin)
      const recent = await db.sql`
        select 1 from sessions where id = ${sessionId ?? null} and created_at > now() - make_interval(mins => ${RECENT_MINUTES})`
      if (recent.length === 0) throw problem('REAUTHENTICATION_REQUIRED')
    },
  }
}

/** See {@link createReauthentication}. */
export type Reauthentication = ReturnType<typeof createReauthentication>
/** See {@link createReauthentication}. */
export type DemandPassword = Reauthentication['demandPassword']
/** See {@link createReauthentication}. */
export type DemandRecent = Reauthentication['demandRecent']

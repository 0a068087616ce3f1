import { problem } from '../contracts/errors.ts'
import type { Database } from '../db/database.ts'
import type { Passwords } from './passwords.ts'
import { createAccountRepository } from './repository.ts'

/** Makes what asks a signed-in user for the password again, before anything that could lock the owner out (OWASP ASVS 7.5.1). */
export function createReauthentication(db: Database, passwords: Passwords) {
  const repository = createAccountRepository(db)

  /** @throws INVALID_CREDENTIALS when it is not the password, FORBIDDEN for an account that has none */
  return async (userId: string, password: string): Promise<void> => {
    const stored = await repository.passwordHash(userId)
    const fits = await passwords.verify(stored, password)
    if (fits) return
    if (stored === null)
      throw problem('FORBIDDEN', { detail: 'This account has no password yet: ask for one by "forgot password"' })
    throw problem('INVALID_CREDENTIALS', { detail: 'The current password is wrong' })
  }
}

/** See {@link createReauthentication}. */
export type DemandPassword = ReturnType<typeof createReauthentication>

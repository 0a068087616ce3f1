import { availableParallelism } from 'node:os'
import { hash, verify } from '@node-rs/argon2'
import PQueue from 'p-queue'
import { problem } from '../contracts/errors.ts'

/** `Algorithm.Argon2id`, an ambient const enum that single-file compilation cannot read. */
const ARGON2ID = 2
/** OWASP's second choice for argon2id: 19 MiB, 2 passes, 1 lane. About 19 ms a hash. */
const PARAMETERS = { algorithm: ARGON2ID, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const
const QUEUE_LIMIT = 64

/**
 * Hashes and verifies passwords with argon2id, at most one per core at a time; beyond a short queue the caller gets OVERLOADED, so that a
 * flood of logins cannot starve everything else.
 */
export function createPasswords(concurrency = Math.max(1, availableParallelism() - 1)) {
  const queue = new PQueue({ concurrency })
  /** Verified for unknown users, so that they take as long as known ones. */
  const dummy = hash('nobody has this password', PARAMETERS)

  async function bounded<T>(work: () => Promise<T>): Promise<T> {
    if (queue.size >= QUEUE_LIMIT) throw problem('OVERLOADED', { detail: 'Too many sign-ins at once', retryAfter: 2 })
    return (await queue.add(work)) as T
  }

  return {
    /** The PHC string of a password: `$argon2id$v=19$m=19456,t=2,p=1$...`. */
    hash: (password: string) => bounded(() => hash(password, PARAMETERS)),
    /** Whether a password fits; takes as long without a stored hash. */
    async verify(stored: string | null | undefined, password: string): Promise<boolean> {
      const fits = await bounded(async () => verify(stored ?? (await dummy), password))
      return fits && typeof stored === 'string'
    },
  }
}

/** See {@link createPasswords}. */
export type Passwords = ReturnType<typeof createPasswords>

import { availableParallelism } from 'node:os'
import { hash, verify } from '@node-rs/argon2'
import PQueue from 'p-queue'
import { problem } from '../contracts/errors.ts'

/** `Algorithm.Argon2id`, an ambient const enum that single-file compilation cannot read. */
const ARGON2ID = 2
/** OWASP's second choice for argon2id: 19 MiB, 2 passes, 1 lane. About 19 ms a hash. */
const PARAMETERS = { algorithm: ARGON2ID, memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const
const QUEUE_LIMIT = 64
/** Threads of libuv's pool that hashing leaves to files and name look-ups, of its default four. */
const MOST_THREADS = 3

/** How the pool of hashing is bounded. */
export interface PasswordsOptions {
  /** Serving processes on this machine, which share its cores. @defaultValue 1 */
  processes?: number
  /** Hashes at a time. @defaultValue one per core, divided among the processes, at most three */
  concurrency?: number
  /** Callers that may wait. @defaultValue 64 */
  queueLimit?: number
}

/**
 * Whether a stored hash is weaker than what new ones get: another variant of argon2, less memory or fewer passes (PHC string format).
 * A stronger one is kept.
 */
export function isOutdated(stored: string): boolean {
  const found = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=\d+\$/.exec(stored)
  return found === null || Number(found[1]) < PARAMETERS.memoryCost || Number(found[2]) < PARAMETERS.timeCost
}

/**
 * Hashes and verifies passwords with argon2id, at most one per core at a time; beyond a short queue the caller gets OVERLOADED, so that a
 * flood of logins cannot starve everything else.
 */
export function createPasswords({ processes = 1, queueLimit = QUEUE_LIMIT, ...options }: PasswordsOptions = {}) {
  const cores = Math.max(1, Math.floor(availableParallelism() / processes))
  const queue = new PQueue({ concurrency: options.concurrency ?? Math.min(cores, MOST_THREADS) })
  const counters = { hashed: 0, verified: 0, refused: 0 }
  /** Verified for unknown users, so that they take as long as known ones. */
  const dummy = hash('nobody has this password', PARAMETERS)

  async function bounded<T>(work: () => Promise<T>): Promise<T> {
    if (queue.size >= queueLimit) {
      counters.refused += 1
      throw problem('OVERLOADED', { detail: 'Too many sign-ins at once', retryAfter: 2 })
    }
    return (await queue.add(work)) as T
  }

  return {
    /** The PHC string of a password: `$argon2id$v=19$m=19456,t=2,p=1$...`. */
    hash(password: string): Promise<string> {
      counters.hashed += 1
      return bounded(() => hash(password, PARAMETERS))
    },
    /** Whether a password fits; takes as long without a stored hash. */
    async verify(stored: string | null | undefined, password: string): Promise<boolean> {
      counters.verified += 1
      const fits = await bounded(async () => verify(stored ?? (await dummy), password))
      return fits && typeof stored === 'string'
    },
    /** What was asked for since the start, refusals included; and what waits now. */
    stats: () => ({ ...counters, waiting: queue.size, running: queue.pending }),
  }
}

/** See {@link createPasswords}. */
export type Passwords = ReturnType<typeof createPasswords>

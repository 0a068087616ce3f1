import { availableParallelism } from 'node:os'
import { hash, verify } from '@node-rs/argon2'
import PQueue from 'p-queue'
import { problem } from '../contracts/errors.ts'

/** `Algorithm.Argon2id`, an ambient const enum that single-file compilation cannot read. */
const ARGON2ID = 2
/** Passes over the memory, and lanes; see docs/decisions/0010-argon2id-parameters.md. */
const [PASSES, LANES] = [3, 1]
/** Less is not worth a hash, KiB. */
const LEAST_MEMORY = 512
const QUEUE_LIMIT = 64
/** Threads of libuv's pool that hashing leaves to files and name look-ups, of its default four. */
const MOST_THREADS = 3

/** Memory (KiB) and passes of a stored hash of argon2id in the PHC string format; undefined for any other. */
function costOf(stored: string): { memoryKiB: number; passes: number } | undefined {
  const [, memory, passes] = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=\d+\$/.exec(stored) ?? []
  return memory === undefined ? undefined : { memoryKiB: Number(memory), passes: Number(passes) }
}

/**
 * Memory of a hash, KiB with the passes of today, that does what a weaker stored one leaves undone: so that accounts from before are answered no sooner than
 * emails that nobody has. 0 where nothing is left to do.
 */
export function workLeft(stored: string, memoryKiB: number): number {
  const cost = costOf(stored)
  const left = cost === undefined ? 0 : memoryKiB - Math.round((cost.memoryKiB * cost.passes) / PASSES)
  return left < LEAST_MEMORY ? 0 : left
}

/** What a hash costs, and how the pool of hashing is bounded. */
export interface PasswordsOptions {
  /** Memory that a hash takes, KiB: what makes guessing dear. */
  memoryKiB: number
  /** Serving processes on this machine, which share its cores. @defaultValue 1 */
  processes?: number
  /** Hashes at a time. @defaultValue one per core, divided among the processes, at most three */
  concurrency?: number
  /** Callers that may wait. @defaultValue 64 */
  queueLimit?: number
}

/**
 * Hashes and verifies passwords with argon2id, at most one per core at a time; beyond a short queue the caller gets OVERLOADED, so that a
 * flood of logins cannot starve everything else.
 */
export function createPasswords({ memoryKiB, processes = 1, queueLimit = QUEUE_LIMIT, ...options }: PasswordsOptions) {
  const parameters = { algorithm: ARGON2ID, memoryCost: memoryKiB, timeCost: PASSES, parallelism: LANES }
  const cores = Math.max(1, Math.floor(availableParallelism() / processes))
  const queue = new PQueue({ concurrency: options.concurrency ?? Math.min(cores, MOST_THREADS) })
  const counters = { hashed: 0, verified: 0, refused: 0 }
  /** Verified for unknown users, so that they take as long as known ones. */
  const dummy = hash('nobody has this password', parameters)

  async function bounded<T>(work: () => Promise<T>): Promise<T> {
    if (queue.size >= queueLimit) {
      counters.refused += 1
      throw problem('OVERLOADED', { detail: 'Too many sign-ins at once', retryAfter: 2 })
    }
    return (await queue.add(work)) as T
  }

  return {
    /** The PHC string of a password: `$argon2id$v=19$m=65536,t=3,p=1$...`. */
    hash(password: string): Promise<string> {
      counters.hashed += 1
      return bounded(() => hash(password, parameters))
    },
    /** Whether a password fits; takes as long without a stored hash, and with one of former, weaker parameters. */
    async verify(stored: string | null | undefined, password: string): Promise<boolean> {
      counters.verified += 1
      const found = stored ?? (await dummy)
      const fits = await bounded(async () => {
        const left = workLeft(found, memoryKiB)
        if (left > 0) await hash(password, { ...parameters, memoryCost: left })
        return verify(found, password)
      })
      return fits && typeof stored === 'string'
    },
    /**
     * Whether a stored hash is weaker than what new ones get: another variant of argon2, less memory or fewer passes (PHC string format).
     * A stronger one is kept.
     */
    isOutdated(stored: string): boolean {
      const cost = costOf(stored)
      return cost === undefined || cost.memoryKiB < memoryKiB || cost.passes < PASSES
    },
    /** What was asked for since the start, refusals included; and what waits now. */
    stats: () => ({ ...counters, waiting: queue.size, running: queue.pending }),
  }
}

/** See {@link createPasswords}. */
export type Passwords = ReturnType<typeof createPasswords>

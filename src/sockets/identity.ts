import type { Actor } from '../contracts/policy.ts'

/** Who a token stands for, and until when (ms of the wall clock; Infinity where it does not expire). */
export interface Identity {
  actor: Actor
  expiresAt: number
}

import type { Actor } from './policy.ts'

/** What a service may need to know about the call besides its input: who, from where, which request. Knows no HTTP. */
export interface CallContext {
  actor: Actor
  requestId: string
  /** Address of the client, as far as it can be trusted. */
  address?: string
}

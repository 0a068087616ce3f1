import type { PubSub } from '../contracts/pubsub.ts'

const CHANNEL = 'sockets.control'

/** What an instance tells all hubs, its own included, about the rights of a user. */
export type ControlMessage =
  /** Close the user's connections: all, or those of one session. */
  | { kind: 'revoke'; userId: string; sessionId?: string | undefined; forever?: boolean | undefined }
  /** Look at the rights of the user's subscriptions again; or only at those of answers beside the sockets, where a guard looks after these. */
  | { kind: 'recheck'; userId: string; answersOnly?: boolean | undefined }

/**
 * Revocation over all instances. The bus delivers at most once, so `onMissed` tells when messages may have been lost: rights are
 * looked at again then, and now and then anyway.
 */
export async function createControl(
  pubsub: PubSub,
  handle: (message: ControlMessage) => void,
  onMissed: () => void,
  onError: (error: unknown) => void,
) {
  const stop = await pubsub.subscribe(CHANNEL, (payload) => handle(JSON.parse(payload) as ControlMessage))
  const forget = pubsub.onReconnect(onMissed)
  return {
    /** Acts here at once and tells the others. */
    tell(message: ControlMessage): void {
      handle(message)
      pubsub.publish(CHANNEL, JSON.stringify(message)).catch(onError)
    },
    async close() {
      forget()
      await stop()
    },
  }
}

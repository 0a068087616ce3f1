import type { PubSub } from '../contracts/pubsub.ts'

const CHANNEL = 'assistant.stop'

/** Stops replies wherever they are being written. */
export async function createStops(pubsub: Pick<PubSub, 'publish' | 'subscribe'>) {
  const armed = new Map<string, AbortController>()
  const stop = (messageId: string) => armed.get(messageId)?.abort(new Error('stopped by a member'))
  const unsubscribe = await pubsub.subscribe(CHANNEL, stop)

  return {
    /** The writer's side: its signal is aborted when somebody stops the reply. */
    arm(messageId: string) {
      const controller = new AbortController()
      armed.set(messageId, controller)
      return {
        signal: controller.signal,
        now: () => controller.abort(new Error('the reply has ended meanwhile')),
        disarm: () => void (armed.get(messageId) === controller && armed.delete(messageId)),
      }
    },
    /** Asks whoever writes the reply to stop. Says nothing about whether anybody heard. */
    async request(messageId: string): Promise<void> {
      if (armed.has(messageId)) stop(messageId)
      else await pubsub.publish(CHANNEL, messageId)
    },
    close: () => unsubscribe(),
  }
}

/** See {@link createStops}. */
export type Stops = Awaited<ReturnType<typeof createStops>>

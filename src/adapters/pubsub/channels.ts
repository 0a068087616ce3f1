import { PUBSUB_MAX_BYTES, type Unsubscribe } from '../../contracts/pubsub.ts'

/** The handlers of one adapter by channel. Not a connection: the adapter says when a channel opens and closes. */
export function createChannels(onError: (error: unknown) => void) {
  const handlers = new Map<string, Set<(payload: string) => void>>()
  const reconnected = new Set<() => void>()

  function call(handler: () => void): void {
    try {
      handler()
    } catch (error) {
      onError(error)
    }
  }

  return {
    /** Channels that have at least one handler. */
    names: () => [...handlers.keys()],

    /** Adds a handler and returns how to take it out again; `onEmpty` runs when it was the channel's last. */
    add(channel: string, handler: (payload: string) => void, onEmpty: () => Promise<void>): Unsubscribe {
      const own = (payload: string) => handler(payload)
      let set = handlers.get(channel)
      if (!set) {
        set = new Set()
        handlers.set(channel, set)
      }
      set.add(own)
      return async () => {
        const current = handlers.get(channel)
        if (!current?.delete(own) || current.size > 0) return
        handlers.delete(channel)
        await onEmpty()
      }
    },

    /** Hands one message to all handlers of its channel. */
    deliver(channel: string, payload: string): void {
      const set = handlers.get(channel)
      if (!set) return
      for (const handler of [...set]) call(() => handler(payload))
    },

    onReconnect(handler: () => void): () => void {
      const own = () => handler()
      reconnected.add(own)
      return () => {
        reconnected.delete(own)
      }
    },

    /** Tells every `onReconnect` handler that messages may have been missed. */
    reconnected(): void {
      for (const handler of [...reconnected]) call(handler)
    },

    clear(): void {
      handlers.clear()
      reconnected.clear()
    },
  }
}

/** Throws a RangeError for a payload that does not belong on the bus. */
export function assertSmall(payload: string): void {
  if (payload.length * 3 <= PUBSUB_MAX_BYTES) return
  const bytes = Buffer.byteLength(payload)
  if (bytes > PUBSUB_MAX_BYTES)
    throw new RangeError(`a pub/sub payload has ${bytes} bytes, at most ${PUBSUB_MAX_BYTES}`)
}

import { randomUUID } from 'node:crypto'
import type { EventName, StoredEvent } from '../contracts/events.ts'
import type { PubSub } from '../contracts/pubsub.ts'

const CHANNEL = 'events'
/** Pointers in one message over the bus. */
const MAX_POINTERS = 500

/** A pointer to the newest event of a topic. */
export type Pointer = readonly [topic: string, seq: number]

/** What the bus needs. */
export interface EventBusOptions {
  pubsub: PubSub
  /** Told when a listener failed or the bus between instances did not take a pointer. */
  onError: (error: unknown) => void
}

/**
 * The events of committed transactions: to listeners of this process at once, to other instances as pointers (topic and number, never
 * the record), coalesced per turn of the event loop. A pointer that gets lost is made up for by whoever reads the table of events.
 */
export async function createEventBus({ pubsub, onError }: EventBusOptions) {
  const instance = randomUUID()
  const listeners = new Map<EventName, ((event: StoredEvent) => void)[]>()
  const all: ((events: readonly StoredEvent[]) => void)[] = []
  const foreign: ((pointers: readonly Pointer[]) => void)[] = []
  const missed: (() => void)[] = []
  let newest = new Map<string, number>()

  const stop = await pubsub.subscribe(CHANNEL, (payload) => {
    const [from, pointers] = JSON.parse(payload) as [string, Pointer[] | null]
    if (from === instance) return
    if (pointers === null) missed.forEach(attempt)
    else for (const handler of foreign) attempt(() => handler(pointers))
  })
  const forget = pubsub.onReconnect(() => {
    missed.forEach(attempt)
    // What this instance could not tell meanwhile, the others have missed.
    pubsub.publish(CHANNEL, JSON.stringify([instance, null])).catch(onError)
  })

  function attempt(work: () => void): void {
    try {
      work()
    } catch (error) {
      onError(error)
    }
  }

  function announce(): void {
    const pointers = [...newest]
    newest = new Map()
    for (let from = 0; from < pointers.length; from += MAX_POINTERS) {
      const payload = JSON.stringify([instance, pointers.slice(from, from + MAX_POINTERS)])
      pubsub.publish(CHANNEL, payload).catch(onError)
    }
  }

  return {
    /** Takes the events of a commit of this process. */
    committed(events: readonly StoredEvent[]): void {
      if (events.length === 0) return
      if (newest.size === 0) setImmediate(announce)
      for (const { topic, seq } of events) newest.set(topic, Math.max(seq, newest.get(topic) ?? 0))
      for (const handler of all) attempt(() => handler(events))
      for (const event of events) for (const handler of listeners.get(event.name) ?? []) attempt(() => handler(event))
    },
    /** Calls back after each commit of this process that wrote such an event: on one instance only, and not after a crash. */
    on(name: EventName, handler: (event: StoredEvent) => void): void {
      listeners.set(name, [...(listeners.get(name) ?? []), handler])
    },
    /** Calls back with all events of a commit of this process. */
    onCommitted: (handler: (events: readonly StoredEvent[]) => void) => void all.push(handler),
    /** Calls back with pointers to what other instances wrote. */
    onPointers: (handler: (pointers: readonly Pointer[]) => void) => void foreign.push(handler),
    /** Calls back when pointers may have been missed: this instance, or one that they come from, was without its bus. */
    onMissed: (handler: () => void) => void missed.push(handler),
    async close(): Promise<void> {
      forget()
      await stop()
    },
  }
}

/** See {@link createEventBus}. */
export type EventBus = Awaited<ReturnType<typeof createEventBus>>

import { randomUUID } from 'node:crypto'
import type { EventName, StoredEvent } from '../contracts/events.ts'
import type { PubSub } from '../contracts/pubsub.ts'

const CHANNEL = 'events'
/** Pointers in one message over the bus. */
const MAX_POINTERS = 500
/** Records in one message over the bus, bytes. */
const MAX_RECORD_BYTES = 64 * 1024

/** A pointer to the newest event of a topic. */
export type Pointer = readonly [topic: string, seq: number]

/** What the bus needs. */
export interface EventBusOptions {
  pubsub: PubSub
  /** Told when a listener failed or the bus between instances did not take a pointer. */
  onError: (error: unknown) => void
}

/** A message over the bus: who sends it, pointers to what is new (null: some may have been lost), and records of these where they fit. */
type Message = [instance: string, pointers: Pointer[] | null, records?: StoredEvent[]]

/** Texts in batches of so many bytes at most, in their order. */
function inBatches(texts: readonly string[]): string[][] {
  const batches: string[][] = []
  let room = 0
  for (const text of texts) {
    const bytes = Buffer.byteLength(text)
    if (bytes > room) {
      batches.push([])
      room = MAX_RECORD_BYTES
    }
    batches.at(-1)?.push(text)
    room -= bytes
  }
  return batches
}

/**
 * The events of committed transactions: to listeners of this process at once, to other instances as pointers (topic and number),
 * coalesced per turn of the event loop; with the record, where the bus carries any of its size. What gets lost is made up for by whoever
 * reads the table of events.
 */
export async function createEventBus({ pubsub, onError }: EventBusOptions) {
  const instance = randomUUID()
  const listeners = new Map<EventName, ((event: StoredEvent) => void)[]>()
  const all: ((events: readonly StoredEvent[]) => void)[] = []
  const foreign: ((pointers: readonly Pointer[]) => void)[] = []
  const carried: ((events: readonly StoredEvent[]) => void)[] = []
  const missed: (() => void)[] = []
  let newest = new Map<string, number>()
  let records: string[] = []

  const stop = await pubsub.subscribe(CHANNEL, (payload) => {
    const [from, pointers, events = []] = JSON.parse(payload) as Message
    if (from === instance) return
    if (pointers === null) missed.forEach(attempt)
    // The records first: what they bring need not be looked up.
    if (events.length > 0) for (const handler of carried) attempt(() => handler(events))
    if (pointers && pointers.length > 0) for (const handler of foreign) attempt(() => handler(pointers))
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

  /** Lets records that fit ride along with their pointers. */
  function load(events: readonly StoredEvent[]): void {
    for (const event of events) {
      const text = JSON.stringify(event)
      if (Buffer.byteLength(text) <= pubsub.recordBytes) records.push(text)
    }
  }

  function announce(): void {
    const pointers = [...newest]
    const batches = inBatches(records)
    newest = new Map()
    records = []
    const send = (some: Pointer[], texts: string[] = []) =>
      pubsub.publish(CHANNEL, `["${instance}",${JSON.stringify(some)},[${texts.join(',')}]]`).catch(onError)
    const last = batches.pop()
    for (const texts of batches) send([], texts)
    for (let from = 0; from < pointers.length; from += MAX_POINTERS)
      send(pointers.slice(from, from + MAX_POINTERS), from === 0 ? last : [])
  }

  return {
    /** Takes the events of a commit of this process. */
    committed(events: readonly StoredEvent[]): void {
      if (events.length === 0) return
      if (newest.size === 0) setImmediate(announce)
      for (const { topic, seq } of events) newest.set(topic, Math.max(seq, newest.get(topic) ?? 0))
      if (pubsub.recordBytes > 0) load(events)
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
    /** Calls back with records of what other instances wrote, where the bus carries them; their pointers follow. */
    onCarried: (handler: (events: readonly StoredEvent[]) => void) => void carried.push(handler),
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

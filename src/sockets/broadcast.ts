import { randomUUID } from 'node:crypto'
import type { ServerFrame } from '../contracts/frames.ts'
import type { PubSub } from '../contracts/pubsub.ts'

const CHANNEL = 'sockets.frames'
/** What one message over the bus may hold, characters. */
const MAX_CHARS = 32 * 1024

/** One frame on its way to the subscribers of a topic. */
type Parcel = [topic: string, text: string]

/** What a broadcaster needs. */
export interface BroadcasterOptions {
  pubsub: PubSub
  onError: (error: unknown) => void
}

/**
 * Ephemeral frames (typing, presence, reply deltas, progress) to the subscribers of a topic on every instance. Not numbered, not
 * stored, lost with a lost bus: whatever must arrive is an event. Frames with the same key within one turn of the event loop
 * are coalesced to the newest.
 */
export async function createBroadcaster({ pubsub, onError }: BroadcasterOptions) {
  const instance = randomUUID()
  const sinks: ((topic: string, text: string) => void)[] = []
  let keyed = new Map<string, Parcel>()
  let parcels: Parcel[] = []
  let scheduled = false

  const stop = await pubsub.subscribe(CHANNEL, (payload) => {
    const [from, batch] = JSON.parse(payload) as [string, Parcel[]]
    if (from === instance) return
    for (const [topic, text] of batch) deliver(topic, text)
  })

  function deliver(topic: string, text: string): void {
    for (const sink of sinks) sink(topic, text)
  }

  function publish(batch: Parcel[]): void {
    if (batch.length > 0) pubsub.publish(CHANNEL, JSON.stringify([instance, batch])).catch(onError)
  }

  function flush(): void {
    const turn = parcels
    scheduled = false
    parcels = []
    keyed = new Map()
    let batch: Parcel[] = []
    let chars = 0
    for (const parcel of turn) {
      deliver(...parcel)
      if (chars + parcel[1].length > MAX_CHARS) {
        publish(batch)
        batch = []
        chars = 0
      }
      batch.push(parcel)
      chars += parcel[1].length
    }
    publish(batch)
  }

  return {
    /** Sends a frame to all who follow the topic, adding `topic` to it. */
    broadcast(topic: string, frame: ServerFrame, key?: string): void {
      const text = JSON.stringify({ ...frame, topic })
      const known = key === undefined ? undefined : keyed.get(`${topic} ${frame.type} ${key}`)
      if (known) {
        known[1] = text
        return
      }
      const parcel: Parcel = [topic, text]
      if (key !== undefined) keyed.set(`${topic} ${frame.type} ${key}`, parcel)
      parcels.push(parcel)
      if (scheduled) return
      scheduled = true
      setImmediate(flush)
    },
    /** Takes the frames for the sockets of this process: the hub's. A worker has none and only sends. */
    onFrame: (sink: (topic: string, text: string) => void) => void sinks.push(sink),
    close: () => stop(),
  }
}

/** See {@link createBroadcaster}. */
export type Broadcaster = Awaited<ReturnType<typeof createBroadcaster>>

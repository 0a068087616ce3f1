import type { StoredEvent } from '../contracts/events.ts'
import type { Chunk, Connection } from './connection.ts'
import type { EventLog, Guard, Projection } from './types.ts'
import { createWatched } from './watched.ts'

/** A followed topic on this instance: up to where its events were handed out, and to whom. */
export interface Feed {
  topic: string
  epoch: string
  /** Number of the last event handed to `live`. */
  cursor: number
  live: Set<Connection>
  /** Subscribers and those about to be: at zero the feed is forgotten. */
  holders: number
  /** Events that came before their predecessors. */
  early: Map<number, StoredEvent>
  /** The highest number known to exist. */
  wanted: number
  opening: Promise<void> | undefined
  reading: Promise<void> | undefined
}

/** What the feeds need. */
export interface FeedsOptions {
  log: EventLog
  push: (connection: Connection, chunk: Chunk) => void
  /** The history of a topic was replaced or pruned under its subscribers: they have to subscribe again. */
  onBroken: (feed: Feed) => void
  onError: (error: unknown) => void
}

const PAGE = 200
const MAX_EARLY = 1000
/** Topics looked up with one statement. */
const HEADS = 1000

/**
 * Delivers events in order, each once, to the connections of this instance. Events of own commits come with their data, those of
 * other instances as pointers; a number that is missing in between is read from the log, by topic and seq. What is handed out
 * never has a hole.
 */
export function createFeeds({ log, push, onBroken, onError }: FeedsOptions) {
  const feeds = new Map<string, Feed>()
  const projections = new Map<string, Projection>()
  const guards = new Map<string, Guard[]>()
  const failed = new Set<Feed>()
  const counters = { delivered: 0, gaps: 0 }
  const watched = createWatched({ reconcile, onError })

  function serialize(event: StoredEvent): Chunk {
    const { topic, epoch, seq, name, data } = event
    const projection = projections.get(name)
    const frame = projection
      ? { ...projection(event), topic, epoch, seq }
      : { type: 'event', topic, epoch, seq, name, data }
    return { text: JSON.stringify(frame) }
  }

  function deliver(feed: Feed, event: StoredEvent): void {
    feed.cursor = event.seq
    for (const guard of guards.get(event.name) ?? []) {
      try {
        guard(event)
      } catch (error) {
        onError(error)
      }
    }
    if (feed.live.size === 0) return
    counters.delivered += feed.live.size
    const chunk = serialize(event)
    for (const connection of feed.live) push(connection, chunk)
  }

  function advance(feed: Feed): void {
    for (let next = feed.early.get(feed.cursor + 1); next; next = feed.early.get(feed.cursor + 1)) {
      feed.early.delete(next.seq)
      deliver(feed, next)
    }
    if (feed.early.size === 0) return
    for (const seq of feed.early.keys()) if (seq <= feed.cursor) feed.early.delete(seq)
  }

  function offer(feed: Feed, event: StoredEvent): void {
    if (!feed.opening && event.epoch !== feed.epoch) breakOff(feed)
    else if (!feed.opening && event.seq === feed.cursor + 1) {
      deliver(feed, event)
      advance(feed)
    } else if (feed.opening || event.seq > feed.cursor) {
      feed.wanted = Math.max(feed.wanted, event.seq)
      // What does not fit here is read from the log instead.
      if (feed.early.size < MAX_EARLY) feed.early.set(event.seq, event)
      catchUp(feed)
    }
  }

  function breakOff(feed: Feed): void {
    if (feeds.get(feed.topic) !== feed) return
    forget(feed)
    onBroken(feed)
  }

  function forget(feed: Feed): void {
    if (feeds.get(feed.topic) !== feed) return
    feeds.delete(feed.topic)
    watched.leave(feed.topic)
  }

  function catchUp(feed: Feed): void {
    if (feed.opening || feed.reading || feed.wanted <= feed.cursor || feeds.get(feed.topic) !== feed) return
    feed.reading = read(feed).then(
      () => {
        feed.reading = undefined
        catchUp(feed)
      },
      (error: unknown) => {
        feed.reading = undefined
        // Not at once: the log is out of reach just now.
        failed.add(feed)
        onError(error)
      },
    )
  }

  async function read(feed: Feed): Promise<void> {
    // The event in front is often announced in this very turn by another transaction.
    await new Promise((resolve) => setImmediate(resolve))
    while (feed.wanted > feed.cursor && feeds.get(feed.topic) === feed) {
      counters.gaps += 1
      const asked = feed.cursor
      const page = await log.read(feed.topic, asked, Number.MAX_SAFE_INTEGER, PAGE)
      const first = page.find((event) => event.seq > feed.cursor)
      if (first && (first.seq !== feed.cursor + 1 || first.epoch !== feed.epoch)) return breakOff(feed)
      for (const event of page) if (event.seq === feed.cursor + 1) deliver(feed, event)
      advance(feed)
      // A pointer to something that is not there (yet): the next one, or the reconciliation, asks again.
      if (feed.cursor === asked) feed.wanted = asked
    }
  }

  async function start(feed: Feed): Promise<void> {
    await watched.enter(feed.topic)
    const head = (await log.heads([feed.topic])).get(feed.topic)
    if (!head) throw new Error(`the log tells no position of ${feed.topic}`)
    feed.epoch = head.epoch
    feed.cursor = head.seq
    feed.opening = undefined
    // Announced while the head was being read: known already, next in line, or a gap to fill.
    advance(feed)
    catchUp(feed)
  }

  async function reconcile(topics: readonly string[]): Promise<void> {
    for (let from = 0; from < topics.length; from += HEADS) {
      const heads = await log.heads(topics.slice(from, from + HEADS))
      for (const [topic, head] of heads) {
        const feed = feeds.get(topic)
        if (!feed || feed.opening) continue
        if (feed.epoch !== head.epoch) breakOff(feed)
        feed.wanted = Math.max(feed.wanted, head.seq)
        catchUp(feed)
      }
    }
  }

  return {
    counters,
    get size() {
      return feeds.size
    },
    /** Topics of a kind are written by the database itself: see {@link createWatched}. */
    watch: watched.watch,
    project: (name: string, projection: Projection) => void projections.set(name, projection),
    guard(name: string, guard: Guard): void {
      guards.set(name, [...(guards.get(name) ?? []), guard])
    },
    serialize,

    /** Holds the feed of a topic, opening it for the first holder. Pair with `release`. */
    async hold(topic: string): Promise<Feed> {
      let feed = feeds.get(topic)
      if (!feed) {
        feed = {
          topic,
          epoch: '',
          cursor: 0,
          live: new Set(),
          holders: 0,
          early: new Map(),
          wanted: 0,
          opening: undefined,
          reading: undefined,
        }
        feeds.set(topic, feed)
        const own = feed
        // Begun a moment later: nothing may be offered to a feed that does not know yet that it is opening.
        own.opening = Promise.resolve(own)
          .then(start)
          .catch((error: unknown) => {
            forget(own)
            throw error
          })
      }
      feed.holders += 1
      await feed.opening
      return feed
    },

    release(feed: Feed, connection: Connection): void {
      feed.live.delete(connection)
      feed.holders -= 1
      if (feed.holders === 0) forget(feed)
    },

    /** Events of commits, of this process or of another one. */
    offer(events: readonly StoredEvent[]): void {
      watched.look()
      for (const event of events) {
        const feed = feeds.get(event.topic)
        if (feed) offer(feed, event)
      }
    },

    /** Pointers to events of other processes. */
    point(pointers: readonly (readonly [topic: string, seq: number])[]): void {
      watched.look()
      for (const [topic, seq] of pointers) {
        const feed = feeds.get(topic)
        if (!feed) continue
        feed.wanted = Math.max(feed.wanted, seq)
        catchUp(feed)
      }
    },

    /** Compares with the log: after a lost bus, and now and then because an announcement can get lost with its process. */
    reconcile: (topics: readonly string[] = [...feeds.keys()]) => reconcile(topics),

    /** Tries again what could not be read. Called every second or so. */
    retry(): void {
      watched.look()
      if (failed.size === 0) return
      const again = [...failed]
      failed.clear()
      for (const feed of again) catchUp(feed)
    },

    get: (topic: string) => feeds.get(topic),
  }
}

/** See {@link createFeeds}. */
export type Feeds = ReturnType<typeof createFeeds>

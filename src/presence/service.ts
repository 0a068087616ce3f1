import { randomUUID } from 'node:crypto'
import type { PubSub } from '../contracts/pubsub.ts'

/** How somebody appears to others. */
export type Status = 'online' | 'away' | 'busy' | 'offline'

/** What presence needs from outside. Times in ms. */
export interface PresenceDeps {
  pubsub: PubSub
  /** Tells the subscribers of a topic on this instance. */
  show: (topic: string, userId: string, status: Status) => void
  onError: (error: unknown) => void
  now?: () => number
  /** Calls back every `ms`; the answer stops it. */
  every?: (ms: number, handler: () => void) => () => void
}

const CHANNEL = 'presence'
/** Somebody who comes back within this time was never gone. */
const LEAVE_MS = 10_000
/** How often an instance repeats what it knows of its own, and how long others believe it. */
const REPEAT_MS = 30_000
const BELIEVED_MS = 75_000
/** In bigger rooms nobody is told: everybody coming would be told to everybody there. */
const MAX_ROOM = 100
/** News of one topic within a second; what is more is told in the next one, as it is by then. */
const NEWS_A_SECOND = 50
const ORDER: Status[] = ['busy', 'online', 'away', 'offline']

type Told = [topic: string, userId: string, status: Status]

const unref = (ms: number, handler: () => void) => {
  const timer = setInterval(handler, ms)
  timer.unref()
  return () => clearInterval(timer)
}

/**
 * Who is there: the users with a connection that follows the topic, over all instances. Kept in memory only; each instance tells the
 * others of its own users, repeats it now and then, and what is not repeated is forgotten.
 */
export async function createPresence({
  pubsub,
  show,
  onError,
  now = () => performance.now(),
  every = unref,
}: PresenceDeps) {
  const instance = randomUUID()
  /** topic -> user -> instance -> what it says. */
  const rooms = new Map<string, Map<string, Map<string, { status: Status; at: number }>>>()
  /** topic -> user -> connections of this instance. */
  const here = new Map<string, Map<string, Set<string>>>()
  const leaving = new Map<string, { topic: string; userId: string; at: number }>()
  const chosen = new Map<string, Status>()
  /** Topic -> what was told in this second, and whose news wait for the next. */
  const news = new Map<string, { told: number; waiting: Map<string, Status> }>()
  const changedAt = new Map<string, number>()
  const wishes = new Map<string, Exclude<Status, 'offline'>>()

  function statusIn(topic: string, userId: string): Status {
    const said = [...(rooms.get(topic)?.get(userId)?.values() ?? [])].map(({ status }) => status)
    return ORDER.find((status) => said.includes(status)) ?? 'offline'
  }

  function learn(from: string, [topic, userId, status]: Told): void {
    const before = statusIn(topic, userId)
    const room = rooms.get(topic) ?? new Map<string, Map<string, { status: Status; at: number }>>()
    const says = room.get(userId) ?? new Map<string, { status: Status; at: number }>()
    if (status === 'offline') says.delete(from)
    else says.set(from, { status, at: now() })
    if (says.size > 0) rooms.set(topic, room.set(userId, says))
    else if (room.delete(userId) && room.size === 0) rooms.delete(topic)
    const after = statusIn(topic, userId)
    if (after !== before && room.size <= MAX_ROOM) report(topic, userId, before, after)
  }

  /** Shows a change, or keeps it for the next second: then only if somebody is not again as others saw it last. */
  function report(topic: string, userId: string, before: Status, after: Status): void {
    const known = news.get(topic) ?? { told: 0, waiting: new Map<string, Status>() }
    news.set(topic, known)
    if (known.waiting.has(userId)) return
    if (known.told >= NEWS_A_SECOND) known.waiting.set(userId, before)
    else {
      known.told += 1
      show(topic, userId, after)
    }
  }

  function nextSecond(): void {
    for (const [topic, { waiting }] of news) {
      news.delete(topic)
      if ((rooms.get(topic)?.size ?? 0) > MAX_ROOM) continue
      for (const [userId, seen] of waiting) {
        const status = statusIn(topic, userId)
        if (status !== seen) report(topic, userId, seen, status)
      }
    }
    for (const [userId, status] of wishes) {
      wishes.delete(userId)
      apply(userId, status)
    }
  }

  function apply(userId: string, status: Exclude<Status, 'offline'>): void {
    if (chosen.get(userId) === status) return
    chosen.set(userId, status)
    tell(own().filter(([, one]) => one === userId))
  }

  function tell(told: Told[]): void {
    for (const one of told) learn(instance, one)
    for (let from = 0; from < told.length; from += 500) {
      pubsub.publish(CHANNEL, JSON.stringify([instance, told.slice(from, from + 500)])).catch(onError)
    }
  }

  const own = (): Told[] =>
    [...here].flatMap(([topic, users]) =>
      [...users.keys()].map((userId): Told => [topic, userId, chosen.get(userId) ?? 'online']),
    )

  function sweep(): void {
    nextSecond()
    for (const [key, { topic, userId, at }] of leaving) {
      if (now() - at < LEAVE_MS) continue
      leaving.delete(key)
      const users = here.get(topic)
      if (users?.get(userId)?.size) continue
      if (users?.delete(userId) && users.size === 0) here.delete(topic)
      tell([[topic, userId, 'offline']])
    }
  }

  function repeat(): void {
    for (const [topic, users] of rooms) {
      for (const [userId, says] of users) {
        for (const [from, { at }] of says) {
          if (from !== instance && now() - at > BELIEVED_MS) learn(from, [topic, userId, 'offline'])
        }
      }
    }
    for (const userId of chosen.keys())
      if (![...here.values()].some((users) => users.has(userId))) chosen.delete(userId)
    for (const [userId, at] of changedAt) if (now() - at >= 1000) changedAt.delete(userId)
    tell(own())
  }

  const stop = await pubsub.subscribe(CHANNEL, (payload) => {
    const [from, told] = JSON.parse(payload) as [string, Told[]]
    if (from !== instance) for (const one of told) learn(from, one)
  })
  const forget = pubsub.onReconnect(() => tell(own()))
  const timers = [every(1000, sweep), every(REPEAT_MS, repeat)]

  return {
    /** A connection of a user follows a topic. */
    join(topic: string, userId: string, connectionId: string): void {
      leaving.delete(`${topic} ${userId}`)
      const users = here.get(topic) ?? new Map<string, Set<string>>()
      const known = users.get(userId)
      here.set(topic, users.set(userId, (known ?? new Set()).add(connectionId)))
      if (!known) tell([[topic, userId, chosen.get(userId) ?? 'online']])
    },
    /** It does no more. The others are told when none has come back for a while. */
    leave(topic: string, userId: string, connectionId: string): void {
      const connections = here.get(topic)?.get(userId)
      if (connections?.delete(connectionId) && connections.size === 0) {
        leaving.set(`${topic} ${userId}`, { topic, userId, at: now() })
      }
    },
    /** Sets how a user appears, wherever it is: at once, and from the second change within a second on the last of them at its end. */
    choose(userId: string, status: Exclude<Status, 'offline'>): void {
      const soon = changedAt.get(userId) ?? Number.NEGATIVE_INFINITY
      if (now() - soon < 1000) {
        wishes.set(userId, status)
        return
      }
      changedAt.set(userId, now())
      apply(userId, status)
    },
    /** Who is there now; nobody in a room too big to tell. */
    present(topic: string): { userId: string; status: Status }[] {
      const users = [...(rooms.get(topic)?.keys() ?? [])]
      return users.length > MAX_ROOM ? [] : users.map((userId) => ({ userId, status: statusIn(topic, userId) }))
    },
    async close(): Promise<void> {
      for (const timer of timers) timer()
      forget()
      tell(own().map(([topic, userId]) => [topic, userId, 'offline']))
      await stop()
    },
  }
}

/** See {@link createPresence}. */
export type Presence = Awaited<ReturnType<typeof createPresence>>

import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
import { Problem, problem } from '../../src/contracts/errors.ts'
import type { StoredEvent } from '../../src/contracts/events.ts'
import type { PubSub } from '../../src/contracts/pubsub.ts'
import { createBroadcaster } from '../../src/sockets/broadcast.ts'
import { createHub, type HubOptions } from '../../src/sockets/hub.ts'
import { openSocket } from '../helpers/socket-client.ts'

/** A log in memory that can be slowed down, pruned and broken. */
export function createMemoryLog() {
  const topics = new Map<string, { epoch: string; events: StoredEvent[]; pruned: number }>()
  const of = (topic: string) => {
    const known = topics.get(topic) ?? { epoch: 'e1', events: [], pruned: 0 }
    topics.set(topic, known)
    return known
  }
  const log = {
    reads: 0,
    /** Awaited before every answer. */
    pause: async () => {},
    write(topic: string, name: StoredEvent['name'] = 'message.created', data: object = {}): StoredEvent {
      const { epoch, events } = of(topic)
      const event = { topic, epoch, seq: events.length + 1, name, data }
      events.push(event)
      return event
    },
    prune: (topic: string, upTo: number) => {
      of(topic).pruned = upTo
    },
    restart: (topic: string) => {
      topics.set(topic, { epoch: 'e2', events: [], pruned: 0 })
    },
    async heads(names: readonly string[]) {
      const heads = new Map(
        names.map((name) => [name, { epoch: of(name).epoch, seq: of(name).events.length, pruned: of(name).pruned }]),
      )
      await log.pause()
      return heads
    },
    async read(topic: string, after: number, upTo: number, limit: number) {
      log.reads += 1
      const { events, pruned } = of(topic)
      const found = events.filter(({ seq }) => seq > Math.max(after, pruned) && seq <= upTo).slice(0, limit)
      await log.pause()
      return found
    },
  }
  return log
}

/** A bus that several hubs of one test share; `lost` swallows what is published. */
export function createMemoryBus() {
  const handlers = new Map<string, Set<(payload: string) => void>>()
  const reconnects = new Set<() => void>()
  const bus = {
    lost: false,
    heal() {
      bus.lost = false
      for (const handler of reconnects) handler()
    },
    connect: (): PubSub => ({
      recordBytes: 0,
      async publish(channel, payload) {
        await null
        if (!bus.lost) for (const handler of handlers.get(channel) ?? []) handler(payload)
      },
      async subscribe(channel, handler) {
        handlers.set(channel, (handlers.get(channel) ?? new Set()).add(handler))
        return async () => void handlers.get(channel)?.delete(handler)
      },
      onReconnect(handler) {
        reconnects.add(handler)
        return () => void reconnects.delete(handler)
      },
      health: async () => ({ ok: true, backend: 'memory' }),
      close: async () => {},
    }),
  }
  return bus
}

/** A clock that only moves when told to. */
export function createManualClock() {
  const timers = new Set<() => void>()
  let now = 1_000_000
  return {
    monotonic: () => now,
    wall: () => now,
    every(_ms: number, handler: () => void) {
      timers.add(handler)
      return () => void timers.delete(handler)
    },
    /** Moves time and lets the sweep run once. */
    move(ms: number) {
      now += ms
      for (const timer of timers) timer()
    },
  }
}

/**
 * A hub behind a listening server. Tokens are `<user>`, `<user>~<session>` or `<user>+<ms of expiry>`; `bad` ones are refused. Topics
 * `conversation:<id>` are open to all but the user `outsider`.
 */
export async function createWorld(
  options: Partial<HubOptions> & {
    bus?: ReturnType<typeof createMemoryBus>
    log?: ReturnType<typeof createMemoryLog>
  } = {},
) {
  const log = options.log ?? createMemoryLog()
  const bus = options.bus ?? createMemoryBus()
  const clock = createManualClock()
  const errors: unknown[] = []
  const banned = new Set(['outsider'])
  const ended = new Map<string, 401 | 403>()
  const pubsub = options.pubsub ?? bus.connect()
  const broadcaster = await createBroadcaster({ pubsub, onError: (error) => void errors.push(error) })
  const hub = await createHub({
    pubsub,
    broadcaster,
    clock,
    allowance: () => ({ burst: 10_000, perSecond: 1000 }),
    onError: (error) => void errors.push(error),
    toProblem: (error) => (error instanceof Problem ? error : problem('INTERNAL')),
    async refresh(actor) {
      if (ended.has(actor.userId))
        throw problem(ended.get(actor.userId) === 403 ? 'ACCOUNT_DISABLED' : 'SESSION_REVOKED')
      return actor
    },
    async authenticate(token) {
      if (token === 'bad') throw problem('TOKEN_INVALID')
      if (token === 'disabled') throw problem('ACCOUNT_DISABLED')
      if (token === 'broken') throw new Error('database')
      const [who, expiry] = token.split('+') as [string, string | undefined]
      const [userId, sessionId] = who.split('~') as [string, string | undefined]
      const actor = { userId, role: 'user' as const, tier: 'free' as const, ...(sessionId && { sessionId }) }
      return { actor, expiresAt: expiry ? Number(expiry) : Number.POSITIVE_INFINITY }
    },
    ...options,
    log,
  })
  hub.authorize('conversation', async ({ userId }) => {
    if (banned.has(userId)) throw problem('NOT_FOUND', { detail: 'No such conversation' })
  })
  const server = createServer()
  const sockets = new WebSocketServer({ server, maxPayload: 65_536, perMessageDeflate: false })
  sockets.on('connection', (socket, request) => {
    const bearer = request.headers['sec-websocket-protocol']?.split(/, ?/).find((name) => name.startsWith('bearer.'))
    hub.accept(socket, { token: bearer?.slice(7), address: request.socket.remoteAddress ?? '' })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `ws://127.0.0.1:${(server.address() as { port: number }).port}`
  return {
    hub,
    broadcast: broadcaster.broadcast,
    log,
    bus,
    clock,
    errors,
    banned,
    ended,
    url,
    open: () => openSocket(url, { records: false }),
    /** A connection that is signed in. */
    async as(token: string) {
      const client = await openSocket(url, { token, records: false })
      await client.find((frame) => frame.event === 'authenticated')
      return client
    },
    /** Writes an event and announces it, as a commit of this process does. */
    emit(topic: string, name?: StoredEvent['name'], data?: object) {
      const event = log.write(topic, name, data)
      hub.offer([event])
      return event
    },
    async close() {
      await hub.close()
      server.closeAllConnections()
      server.close()
    },
  }
}

/** A topic of its own for each test. */
export const topicNumber = (n: number) => `conversation:00000000-0000-7000-8000-${String(n).padStart(12, '0')}`

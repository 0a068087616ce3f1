import { randomUUID } from 'node:crypto'
import type { WebSocket } from 'ws'
import type { Problem } from '../contracts/errors.ts'
import type { CloseReason, ServerFrame } from '../contracts/frames.ts'
import type { Actor } from '../contracts/policy.ts'
import type { PubSub } from '../contracts/pubsub.ts'
import { createSocketAuth } from './auth.ts'
import type { Broadcaster } from './broadcast.ts'
import { hello, registerBuiltIns } from './built-ins.ts'
import { createCommands } from './commands.ts'
import { Connection } from './connection.ts'
import { type ControlMessage, createControl } from './control.ts'
import { createFeeds } from './feeds.ts'
import { isAlive, listen } from './lifeline.ts'
import { createOutbox } from './outbox.ts'
import { createSubscriptions } from './subscriptions.ts'
import {
  type Allowance,
  type Clock,
  DEFAULT_LIMITS,
  type EventLog,
  type HubLimits,
  type Identity,
  systemClock,
} from './types.ts'

/** What a hub needs. */
export interface HubOptions {
  authenticate: (token: string) => Promise<Identity>
  /** Who somebody is by now: role and tier may have changed. Throws a 401 or 403 Problem when the session or account has ended. */
  refresh: (actor: Actor) => Promise<Actor>
  log: EventLog
  pubsub: PubSub
  broadcaster: Pick<Broadcaster, 'onFrame'>
  /** Frames a connection may send. */
  allowance: (actor: Actor | undefined) => Allowance
  /** Any error as clients are told of it, the same as over REST. */
  toProblem: (error: unknown) => Problem
  /** Told of every fault that no client is to blame for. */
  onError: (error: unknown) => void
  limits?: Partial<HubLimits>
  clock?: Clock
}

const SWEEP_MS = 1000
/** Messages kept while the first token of a connection is being checked. */
const MAX_HELD = 64

/**
 * The socket hub: connections, heartbeats, topics, back-pressure, drain. It knows no feature: each registers its commands, the
 * authorizers of its topics and the projections of its events. It knows no Fastify: sockets are handed in by `accept`.
 */
export async function createHub(options: HubOptions) {
  const { log, pubsub, onError, clock = systemClock } = options
  const limits: HubLimits = { ...DEFAULT_LIMITS, ...options.limits }
  const connections = new Set<Connection>()
  const closes: Record<string, number> = {}
  const opened: ((connection: Connection) => void)[] = []
  const closed: ((connection: Connection) => void)[] = []
  let draining = false
  let reconciledAt = clock.monotonic()

  function close(connection: Connection, reason: CloseReason): void {
    if (connection.closing !== undefined || connection.ending) return
    connection.ending = true
    closes[reason] = (closes[reason] ?? 0) + 1
    // What is to be said before: written at the end of this turn, the close frame behind it.
    setImmediate(() => {
      if (connection.outbox.length > 0) outbox.flushNow(connection)
      connection.close(reason, clock.monotonic())
    })
  }

  const outbox = createOutbox({
    maxBytes: limits.maxBufferedBytes,
    maxFrames: limits.maxBufferedFrames,
    onSlow(connection) {
      closes.SLOW = (closes.SLOW ?? 0) + 1
      connection.close('OVERLOADED', clock.monotonic())
    },
  })
  const send = outbox.send.bind(outbox)
  const push = outbox.push.bind(outbox)
  const feeds = createFeeds({
    log,
    push,
    onError,
    onBroken: (feed) => {
      for (const connection of [...feed.live]) subscriptions.end(connection, feed.topic, 'history_changed')
    },
  })
  const flushed = outbox.flushed.bind(outbox)
  const subscriptions = createSubscriptions({ limits, feeds, log, push, send, flushed, onError })
  const auth = createSocketAuth({
    limits,
    clock,
    authenticate: options.authenticate,
    refresh: options.refresh,
    send,
    close,
    onAuthenticated: (connection) => opened.forEach((handler) => void handler(connection)),
    onChecked: (connection) => setImmediate(release, connection),
    onRenewed: (connection) => void subscriptions.recheck(connection).catch(onError),
  })
  const commands = createCommands({
    limits,
    toProblem: options.toProblem,
    allowance: (connection) => options.allowance(connection.identity?.actor),
    now: clock.monotonic,
    send,
    onError,
    onThrottled: (connection) => close(connection, 'THROTTLED'),
  })
  options.broadcaster.onFrame(deliverText)

  function deliverText(topic: string, text: string): void {
    const chunk = { text }
    for (const connection of feeds.get(topic)?.live ?? []) push(connection, chunk)
  }

  const deliver = (topic: string, frame: ServerFrame) => deliverText(topic, JSON.stringify({ ...frame, topic }))

  const control = await createControl(pubsub, obey, recheckAll, onError)

  function obey(message: ControlMessage): void {
    for (const connection of auth.of(message.userId)) {
      if (message.kind === 'recheck') recheck(connection)
      else if (!message.sessionId || connection.identity?.actor.sessionId === message.sessionId) {
        subscriptions.clear(connection)
        close(connection, message.forever ? 'FORBIDDEN' : 'UNAUTHENTICATED')
      }
    }
  }

  function recheck(connection: Connection): void {
    connection.checkedAt = clock.monotonic()
    auth
      .recheck(connection)
      .then((stands) => (stands ? subscriptions.recheck(connection) : subscriptions.clear(connection)))
      .catch(onError)
  }

  /** Spread over the following sweeps: nobody's rights are read in one burst. */
  function recheckAll(): void {
    reconciledAt = Number.NEGATIVE_INFINITY
    const now = clock.monotonic()
    for (const connection of connections) connection.checkedAt = now - limits.recheckMs + Math.random() * 2000
  }

  function sweep(): void {
    const now = clock.monotonic()
    for (const connection of connections) {
      if (!isAlive(connection, now, limits)) {
        if (connection.closing === undefined) closes.SILENT = (closes.SILENT ?? 0) + 1
        connection.socket.terminate()
        gone(connection)
      } else if (connection.closing === undefined) {
        auth.check(connection, now)
        if (connection.identity && now - connection.checkedAt > limits.recheckMs) recheck(connection)
      }
    }
    feeds.retry()
    if (now - reconciledAt < limits.reconcileMs) return
    reconciledAt = now
    feeds.reconcile().catch(onError)
  }

  function gone(connection: Connection): void {
    if (!connections.delete(connection)) return
    connection.closing ??= 1006
    subscriptions.clear(connection)
    auth.gone(connection)
    if (connection.identity) for (const handler of closed) handler(connection)
    if (connection.flushed) outbox.flushNow(connection)
  }

  function receive(connection: Connection, data: string | undefined): void {
    connection.lastSeen = clock.monotonic()
    connection.pinged = false
    if (connection.closing !== undefined || connection.ending) return
    if (data === undefined) commands.reject(connection, 'Frames are text')
    else if (!connection.held) commands.receive(connection, data)
    else if (connection.held.length < MAX_HELD) connection.held.push(data)
    else commands.reject(connection, 'Too many frames before authentication')
  }

  function release(connection: Connection): void {
    const held = connection.held ?? []
    connection.held = undefined
    for (const data of held) receive(connection, data)
  }

  registerBuiltIns({ commands, auth, subscriptions, send })

  const stopSweep = clock.every(SWEEP_MS, sweep)
  const stopReconnect = pubsub.onReconnect(() => {
    feeds.reconcile().catch(onError)
  })

  return {
    /** Adds a frame type. */
    command: commands.register,
    /** Sets who may follow topics of a kind. */
    authorize: subscriptions.authorize,
    /** Gives an event a frame type of its own. */
    project: feeds.project,
    /** Sees events of followed topics just before their subscribers do, e.g. to take rights away in time. */
    guard: feeds.guard,
    onAuthenticated: (handler: (connection: Connection) => void) => void opened.push(handler),
    onClosed: (handler: (connection: Connection) => void) => void closed.push(handler),

    /** Takes over an open socket; with a token it is checked at once, else an auth frame has to come in time. */
    accept(socket: WebSocket, { token, address = '' }: { token?: string | undefined; address?: string } = {}): void {
      const connection = new Connection(randomUUID(), socket, address, clock.monotonic())
      connections.add(connection)
      listen(connection, { receive, gone, alive: clock.monotonic })
      if (draining) {
        connection.close('RESTART', clock.monotonic())
        return
      }
      send(connection, hello(connection, limits, options.allowance(undefined)))
      if (token !== undefined) commands.receive(connection, JSON.stringify({ type: 'auth', token }))
    },

    /** Events of commits of this process, in the order of the commits. */
    offer: feeds.offer,
    /** Pointers to events of other processes. */
    point: feeds.point,
    /** Ends connections or rights of a user, on all instances. */
    control: control.tell,
    /** Sends a frame to one connection. */
    send,
    /** Sends a frame to those who follow the topic on this instance; see Broadcaster for all instances. */
    deliver,
    onSubscribed: subscriptions.onSubscribed,
    onUnsubscribed: subscriptions.onUnsubscribed,
    /** Takes a topic away from all connections of a user on this instance. */
    expel(userId: string, topic: string, reason: string): void {
      for (const connection of auth.of(userId)) subscriptions.end(connection, topic, reason)
    },
    connectionsOf: auth.of,

    /**
     * Says that the server goes away, lets running commands finish (at most `graceMs`), and closes all with 1012. Each client is told
     * another moment within `windowMs` to come back, so that they do not come all at once.
     */
    async drain(windowMs = 5000, graceMs = 2000): Promise<void> {
      draining = true
      for (const connection of connections) {
        send(connection, { type: 'system', event: 'drain', reconnectAfterMs: Math.round(Math.random() * windowMs) })
      }
      const until = clock.monotonic() + graceMs
      const busy = () => [...connections].some((connection) => connection.inFlight > 0)
      do await new Promise((resolve) => setImmediate(resolve))
      while (busy() && clock.monotonic() < until)
      for (const connection of connections) close(connection, 'RESTART')
      await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
    },

    /** Stops the timers and cuts what is still there. */
    async close(): Promise<void> {
      stopSweep()
      stopReconnect()
      for (const connection of connections) connection.socket.terminate()
      await control.close()
    },

    stats: () => ({
      connections: connections.size,
      users: auth.users,
      topics: feeds.size,
      frames: { ...commands.counters },
      sent: { ...outbox.counters },
      subscriptions: { ...subscriptions.counters },
      feeds: { ...feeds.counters },
      closes: { ...closes },
    }),
  }
}

/** See {@link createHub}. */
export type Hub = Awaited<ReturnType<typeof createHub>>

import { randomUUID } from 'node:crypto'
import type { WebSocket } from 'ws'
import { problem } from '../contracts/errors.ts'
import type { Position } from '../contracts/events.ts'
import type { CloseReason, ServerFrame } from '../contracts/frames.ts'
import { TIER_LIMITS } from '../contracts/policy.ts'
import { createAddresses } from './addresses.ts'
import { createWatchedAnswers } from './answers.ts'
import { createSocketAuth } from './auth.ts'
import { createBudgets } from './budgets.ts'
import { createHello, registerBuiltIns } from './built-ins.ts'
import { createCommands } from './commands.ts'
import { Connection } from './connection.ts'
import { createControl } from './control.ts'
import { drainConnections } from './drain.ts'
import { createFeeds } from './feeds.ts'
import { isAlive, listen } from './lifeline.ts'
import { createOutbox } from './outbox.ts'
import { createRights } from './rights.ts'
import { createSubscriptions } from './subscriptions.ts'
import { DEFAULT_LIMITS, type HubLimits, type HubOptions, type Identity, systemClock } from './types.ts'

export type { HubOptions }

const SWEEP_MS = 1000
/** Silence after which a stream of events gets a sign of life: proxies cut those that are silent for long. */
const STREAM_QUIET_MS = 15_000
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
  const addresses = createAddresses(limits.connectionsPerAddress)
  let draining = false
  let received = 0
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
    ...(options.onFanOut && { onFlushed: options.onFanOut, now: clock.monotonic }),
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
  const reconcile = () => void feeds.reconcile().catch(onError)
  const flushed = outbox.flushed.bind(outbox)
  const subscriptions = createSubscriptions({ limits, feeds, log, push, send, flushed, onError })
  const auth = createSocketAuth({
    limits,
    clock,
    authenticate: options.authenticate,
    refresh: options.refresh,
    connectionsOf: options.connectionsOf ?? (({ tier }) => TIER_LIMITS[tier].sockets),
    send,
    close,
    onAuthenticated(connection) {
      for (const handler of opened) handler(connection)
      rights.admitted(connection)
    },
    onChecked: (connection) => setImmediate(release, connection),
    onRenewed: (connection) => void subscriptions.recheck(connection).catch(onError),
  })
  const commands = createCommands({
    limits,
    toProblem: options.toProblem,
    allowance: (connection) => options.allowance(connection.identity?.actor),
    spend: createBudgets(options.allowance),
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

  const answers = createWatchedAnswers({ refresh: options.refresh, onError })
  const rights = createRights({ limits, clock, connections, auth, subscriptions, answers, close, onError })
  const control = await createControl(pubsub, rights.obey, newsMissed, onError)

  function newsMissed(): void {
    reconciledAt = Number.NEGATIVE_INFINITY
    rights.recheckAll()
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
        rights.check(connection, now)
      }
    }
    feeds.retry()
    rights.sweep()
    if (now - reconciledAt < limits.reconcileMs) return
    reconciledAt = now
    reconcile()
  }

  function take(socket: WebSocket, address: string): { connection: Connection; fits: boolean } {
    const connection = new Connection(randomUUID(), socket, address, clock.monotonic())
    connections.add(connection)
    const fits = addresses.enter(connection)
    listen(connection, { receive, gone, alive: clock.monotonic })
    return { connection, fits }
  }

  function adopt(socket: WebSocket, address: string): Connection | undefined {
    const { connection, fits } = take(socket, address)
    if (!draining && fits) return connection
    if (!fits) closes.THROTTLED = (closes.THROTTLED ?? 0) + 1
    connection.close(draining ? 'RESTART' : 'THROTTLED', clock.monotonic())
    return undefined
  }

  function gone(connection: Connection): void {
    if (!connections.delete(connection)) return
    addresses.leave(connection)
    connection.closing ??= 1006
    subscriptions.clear(connection)
    auth.gone(connection)
    if (connection.identity) for (const handler of closed) handler(connection)
    if (connection.flushed) outbox.flushNow(connection)
  }

  function receive(connection: Connection, data: string | undefined): void {
    connection.lastSeen = clock.monotonic()
    connection.pinged = false
    received += data === undefined ? 0 : Buffer.byteLength(data)
    if (connection.closing !== undefined || connection.ending) return
    if (data === undefined) commands.refuse(connection, problem('BAD_REQUEST', { detail: 'Frames are text' }))
    else if (!connection.held) commands.receive(connection, data)
    else if (connection.held.length < MAX_HELD) connection.held.push(data)
    else commands.refuse(connection, problem('BAD_REQUEST', { detail: 'Too many frames before authentication' }))
  }

  function release(connection: Connection): void {
    const held = connection.held ?? []
    connection.held = undefined
    for (const data of held) receive(connection, data)
  }

  registerBuiltIns({ commands, auth, subscriptions, send })
  const hello = createHello(limits, options.allowance(undefined))

  const stopSweep = clock.every(SWEEP_MS, sweep)
  const stopReconnect = pubsub.onReconnect(reconcile)

  return {
    /** Adds a frame type. */
    command: commands.register,
    /** Sets who may follow topics of a kind. */
    authorize: subscriptions.authorize,
    /** Gives an event a frame type of its own. */
    project: feeds.project,
    /** Topics of a kind are written by the database itself. */
    watch: feeds.watch,
    /** Sees events of followed topics just before their subscribers do, e.g. to take rights away in time. */
    guard: feeds.guard,
    onAuthenticated: (handler: (connection: Connection) => void) => void opened.push(handler),
    onClosed: (handler: (connection: Connection) => void) => void closed.push(handler),

    /** Takes over an open socket; with a token it is checked at once, else an auth frame has to come in time. */
    accept(socket: WebSocket, { token, address = '' }: { token?: string | undefined; address?: string } = {}): void {
      const connection = adopt(socket, address)
      if (connection === undefined) return
      push(connection, { text: hello(connection) })
      if (token !== undefined) auth.login(connection, token).catch((error) => commands.refuse(connection, error))
    },

    /** Takes over an open socket of another protocol (see createGuest). It has to log in in time. Undefined: there is no place for it. */
    adopt,
    /** Checks a token of a guest, as an auth frame does. Throws what an error frame would say. */
    login: auth.login,
    /** Counts a message of a guest; one too many closes it. */
    heard: commands.heard,
    /** Ends a connection, with what was said in this turn before. */
    end: close,

    /** Takes over what only receives (see EventStream), of somebody whose token was checked already. @throws NOT_READY, RATE_LIMITED */
    attach(socket: WebSocket, identity: Identity, address: string): Connection {
      if (draining) throw problem('NOT_READY', { detail: 'The server goes away', retryAfter: 1 })
      const { connection, fits } = take(socket, address)
      if (!fits) throw problem('RATE_LIMITED', { detail: 'Too many connections from this address', retryAfter: 60 })
      connection.quietMs = STREAM_QUIET_MS
      auth.admit(connection, identity)
      return connection
    },
    /** Subscribes on behalf of a connection that sends no frames itself. Throws what an error frame would say. */
    async subscribe(connection: Connection, topic: string, since?: Position): Promise<void> {
      const { actor } = connection.identity as Identity
      await subscriptions.subscribe(actor, { type: 'subscribe', topic, ...(since && { since }) }, connection)
    },

    /** Takes a topic off a connection that sends no frames itself. */
    unsubscribe: subscriptions.leave,

    /** Events of commits, in the order of the commits of an instance: of this process, and of others whose bus carries them. */
    offer: feeds.offer,
    /** Pointers to events of other processes. */
    point: feeds.point,
    /** Pointers may have been missed: compares what is followed here with the log. */
    reconcile,
    /** Ends connections or rights of a user, on all instances. */
    control: control.tell,
    /** Watches over an answer that goes on beside the sockets: ended as they are. */
    watchAnswer: answers.watch,
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

    /** See drainConnections. Who comes from now on is sent away at once. */
    async drain(windowMs?: number, graceMs = 2000): Promise<void> {
      draining = true
      await drainConnections({ connections, send, close, now: clock.monotonic }, windowMs, graceMs)
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
      bytesReceived: received,
      bufferedBytes: [...connections].reduce((sum, { socket }) => sum + socket.bufferedAmount, 0),
      frames: { ...commands.counters },
      sent: { ...outbox.counters },
      subscriptions: { ...subscriptions.counters },
      resumes: { ...subscriptions.outcomes },
      feeds: { ...feeds.counters },
      closes: { ...closes },
    }),
  }
}

/** See {@link createHub}. */
export type Hub = Awaited<ReturnType<typeof createHub>>

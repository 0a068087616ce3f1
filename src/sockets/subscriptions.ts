import { problem } from '../contracts/errors.ts'
import type { StoredEvent } from '../contracts/events.ts'
import { type ClientFrame, type SocketDeclaration, TOPIC_DECLARATIONS } from '../contracts/frames.ts'
import { type Actor, demandScope } from '../contracts/policy.ts'
import type { Chunk, Connection, Subscription } from './connection.ts'
import type { Feed, Feeds } from './feeds.ts'
import type { Authorizer, EventLog, HubLimits } from './types.ts'

/** What subscriptions need. */
export interface SubscriptionsOptions {
  limits: HubLimits
  feeds: Feeds
  log: EventLog
  push: (connection: Connection, chunk: Chunk) => void
  send: (connection: Connection, frame: object) => void
  flushed: (connection: Connection) => Promise<void>
  onError: (error: unknown) => void
}

/** Why a position cannot be resumed from. The client has to load its state again. */
type Lost = 'epoch_changed' | 'history_gone' | 'unknown_position'

const PAGE = 100
/** What is replayed before waiting for the client to have taken it, characters. */
const REPLAY_CHARS = 128 * 1024

/** Who follows what: rights, resume without a gap or a race, and taking it away again. */
export function createSubscriptions(options: SubscriptionsOptions) {
  const { limits, feeds, log, push, send, flushed, onError } = options
  const authorizers = new Map<string, Authorizer>()
  const held = new WeakMap<Subscription, Feed>()
  const subscribed: ((connection: Connection, topic: string) => void)[] = []
  const unsubscribed: ((connection: Connection, topic: string) => void)[] = []
  const counters = { active: 0, resumed: 0, reloaded: 0, replayed: 0 }
  /** How attempts to resume ended. */
  const outcomes: Record<Lost | 'recovered' | 'interrupted', number> = {
    recovered: 0,
    interrupted: 0,
    epoch_changed: 0,
    history_gone: 0,
    unknown_position: 0,
  }

  const current = (connection: Connection, subscription: Subscription): boolean =>
    connection.closing === undefined && connection.subscriptions?.get(subscription.topic) === subscription

  function drop(connection: Connection, subscription: Subscription): void {
    if (connection.subscriptions?.get(subscription.topic) === subscription) {
      connection.subscriptions.delete(subscription.topic)
      counters.active -= 1
    }
    const feed = held.get(subscription)
    if (!feed) return
    held.delete(subscription)
    feeds.release(feed, connection)
    for (const handler of unsubscribed) handler(connection, subscription.topic)
  }

  function add(connection: Connection, topic: string): Subscription {
    connection.subscriptions ??= new Map()
    const before = connection.subscriptions.get(topic)
    if (before) drop(connection, before)
    if (connection.subscriptions.size >= limits.subscriptionsPerConnection) {
      throw problem('RATE_LIMITED', { detail: `At most ${limits.subscriptionsPerConnection} topics a connection` })
    }
    const colon = topic.indexOf(':')
    const subscription = { topic, kind: topic.slice(0, colon), id: topic.slice(colon + 1) }
    connection.subscriptions.set(topic, subscription)
    counters.active += 1
    return subscription
  }

  async function authorize(actor: Actor, { kind, id }: Subscription): Promise<void> {
    const authorizer = authorizers.get(kind)
    if (!authorizer) throw problem('NOT_FOUND', { detail: 'No such topic' })
    const { scope } = (TOPIC_DECLARATIONS as Record<string, SocketDeclaration>)[kind] ?? {}
    if (scope !== undefined) demandScope(actor, scope)
    await authorizer(actor, id)
  }

  /** Whether a stream can go on behind `since`: the first page of what was missed, or why not. */
  async function resume(feed: Feed, since: { epoch: string; seq: number }): Promise<StoredEvent[] | Lost> {
    if (since.epoch !== feed.epoch) return 'epoch_changed'
    // This instance may lag behind the one that the client was on.
    if (since.seq > feed.cursor) {
      await feeds.reconcile([feed.topic])
      await feed.reading
    }
    if (since.seq > feed.cursor) return 'unknown_position'
    if (since.seq === feed.cursor) return []
    const page = await log.read(feed.topic, since.seq, feed.cursor, PAGE)
    if (page[0]?.seq === since.seq + 1) return page
    const pruned = (await log.heads([feed.topic])).get(feed.topic)?.pruned ?? 0
    if (since.seq >= pruned) onError(new Error(`the log has a hole in ${feed.topic} behind ${since.seq}`))
    return 'history_gone'
  }

  /** Sends events in portions, waiting for the client to take each, so that a long history is no slow reader's fault. */
  async function deliver(connection: Connection, events: StoredEvent[]): Promise<void> {
    let chars = 0
    for (const event of events) {
      const chunk = feeds.serialize(event)
      push(connection, chunk)
      counters.replayed += 1
      chars += chunk.text.length
      if (chars < REPLAY_CHARS) continue
      chars = 0
      await flushed(connection)
    }
    if (events.length === PAGE) await flushed(connection)
  }

  /**
   * Replays up to the feed's cursor and joins the live stream in the same instant. The cursor may move on while pages are read: the
   * loop ends when there is nothing between, looked at without giving way to anything else.
   */
  async function replay(
    connection: Connection,
    subscription: Subscription,
    feed: Feed,
    from: number,
    first: StoredEvent[],
  ) {
    let at = from
    for (let page = first; at < feed.cursor; ) {
      if (page.length === 0) page = await log.read(feed.topic, at, feed.cursor, PAGE)
      if (!current(connection, subscription)) return
      if (page[0]?.seq !== at + 1) throw new Error(`the log has a hole in ${feed.topic} behind ${at}`)
      await deliver(connection, page)
      if (!current(connection, subscription)) return
      at += page.length
      page = []
    }
    if (feeds.get(feed.topic) !== feed) throw new Error(`the history of ${feed.topic} was replaced`)
    feed.live.add(connection)
  }

  async function subscribe(actor: Actor, frame: ClientFrame<'subscribe'>, connection: Connection) {
    const { topic, since } = frame
    const subscription = add(connection, topic)
    try {
      await authorize(actor, subscription)
      const feed = await feeds.hold(topic)
      held.set(subscription, feed)
      const missed = since && current(connection, subscription) ? await resume(feed, since) : undefined
      if (!current(connection, subscription) || feeds.get(topic) !== feed) {
        throw problem('CONFLICT', { detail: 'The subscription was ended or replaced meanwhile' })
      }
      const reason = typeof missed === 'string' ? missed : undefined
      const answer = { topic, epoch: feed.epoch, seq: feed.cursor, recovered: Array.isArray(missed), reason }
      send(connection, { type: 'subscribed', ...answer })
      for (const handler of subscribed) handler(connection, topic)
      if (since) counters[answer.recovered ? 'resumed' : 'reloaded'] += 1
      if (since) outcomes[reason ?? 'recovered'] += 1
      if (since && Array.isArray(missed)) {
        // In the background: the ack does not wait for a long history.
        replay(connection, subscription, feed, since.seq, missed).catch((error: unknown) => {
          onError(error)
          outcomes.interrupted += 1
          end(connection, topic, 'interrupted')
        })
      } else {
        feed.live.add(connection)
      }
      return answer
    } catch (error) {
      drop(connection, subscription)
      throw error
    }
  }

  /** Takes a topic away and says why. `interrupted` and `history_changed` invite to subscribe again. */
  function end(connection: Connection, topic: string, reason: string): void {
    const subscription = connection.subscriptions?.get(topic)
    if (!subscription) return
    drop(connection, subscription)
    send(connection, { type: 'system', event: 'unsubscribed', topic, reason })
  }

  function leave(connection: Connection, topic: string): void {
    const subscription = connection.subscriptions?.get(topic)
    if (subscription) drop(connection, subscription)
  }

  return {
    counters,
    outcomes,
    /** Calls back when a connection has begun to follow a topic, and when it has ceased to (perhaps without having begun). */
    onSubscribed: (handler: (connection: Connection, topic: string) => void) => void subscribed.push(handler),
    onUnsubscribed: (handler: (connection: Connection, topic: string) => void) => void unsubscribed.push(handler),
    /** Sets who may follow topics of a kind. Throws when the kind has an owner already. */
    authorize(kind: string, authorizer: Authorizer): void {
      if (authorizers.has(kind)) throw new Error(`the topic kind '${kind}' has two authorizers`)
      authorizers.set(kind, authorizer)
    },
    subscribe,
    unsubscribe(_actor: Actor, { topic }: ClientFrame<'unsubscribe'>, connection: Connection) {
      leave(connection, topic)
      return { topic }
    },
    leave,
    end,
    /** Forgets everything of a connection that is gone. */
    clear(connection: Connection): void {
      for (const subscription of [...(connection.subscriptions?.values() ?? [])]) drop(connection, subscription)
    },
    /** Looks at the rights of all subscriptions again and ends those that are no more. Other failures change nothing. */
    async recheck(connection: Connection): Promise<void> {
      const actor = connection.identity?.actor
      if (!actor) return
      for (const subscription of [...(connection.subscriptions?.values() ?? [])]) {
        try {
          await authorize(actor, subscription)
        } catch (error) {
          const { status } = error as { status?: number }
          if (status === 401 || status === 403 || status === 404) {
            if (current(connection, subscription)) end(connection, subscription.topic, 'no_longer_allowed')
          } else onError(error)
        }
      }
    },
  }
}

/** See {@link createSubscriptions}. */
export type Subscriptions = ReturnType<typeof createSubscriptions>

import { backoff } from '../backoff.ts'
import { createEmitter } from '../emitter.ts'
import { ParleyError } from '../errors.ts'
import { createStream } from '../stream.ts'
import type { AnyFrame, Position, SubscribedFrame, TopicEvent } from './frames.ts'
import { isPassing } from './outbox.ts'

type TopicEvents = {
  event: TopicEvent
  /** Some events are gone for good (too long away, or the topic began a new epoch): read the records again by REST. */
  reset: { topic: string; position: Position }
  /** The server took the subscription away, or refused it. */
  refused: ParleyError
}

type Topic = {
  name: string
  events: ReturnType<typeof createEmitter<TopicEvents>>
  users: number
  position: Position | undefined
  /** True from a subscribe frame to its `subscribed`: numbers that do not follow are expected meanwhile. */
  syncing: boolean
  /** The next attempt, when the server could not take the subscription just now. */
  again?: ReturnType<typeof setTimeout>
  live: PromiseWithResolvers
}

type PromiseWithResolvers = {
  promise: Promise<Position>
  resolve(position: Position): void
  reject(error: unknown): void
}

function deferred(): PromiseWithResolvers {
  const made: Partial<PromiseWithResolvers> = {}
  made.promise = new Promise<Position>((resolve, reject) => {
    made.resolve = resolve
    made.reject = reject
  })
  // Who does not wait for it hears of a refusal by the `refused` event.
  made.promise.catch(() => undefined)
  return made as PromiseWithResolvers
}

type NumberedFrame = AnyFrame & { topic: string; epoch: string; seq: number }

const isNumbered = (frame: AnyFrame): frame is NumberedFrame =>
  typeof frame.topic === 'string' && typeof frame.epoch === 'string' && typeof frame.seq === 'number'

/** Names of the events that travel as frames of their own. */
const FRAME_EVENTS: Record<string, string> = {
  job: 'job.updated',
  graph_update: 'graph.updated',
  database_change: 'database.changed',
}

/** One shape for whatever is numbered: job, graph_update and database_change frames become events with the frame as their data. */
function asEvent(frame: NumberedFrame): TopicEvent {
  if (frame.type === 'event') return frame as unknown as TopicEvent
  const { type, topic, epoch, seq, ...data } = frame
  return { type: 'event', topic, epoch, seq, name: FRAME_EVENTS[type] ?? type, data }
}

/** Somebody's interest in a topic; iterate it, or listen. Close it when done. */
export type Subscription = AsyncIterable<TopicEvent> & {
  readonly topic: string
  /** Where it stands now; undefined until the server has answered. Keep it to resume later. */
  readonly position: Position | undefined
  /** Resolves when the server has accepted the subscription; rejects when it is refused. */
  readonly ready: Promise<Position>
  on: ReturnType<typeof createEmitter<TopicEvents>>['on']
  close(): void
}

export type TopicsDeps = {
  /** Sends a frame that wants an answer; rejects with the server's error. */
  request: (frame: { type: string; [field: string]: unknown }) => Promise<unknown>
  isReady: () => boolean
}

/**
 * Topics and where they stand. After every (re)connect each topic is subscribed again from its last seen number; duplicates are
 * dropped, and a hole in the numbers asks for the missing ones before anything later is handed on.
 */
export function createTopics({ request, isReady }: TopicsDeps) {
  const topics = new Map<string, Topic>()

  const refuse = (topic: Topic, error: ParleyError): void => {
    topics.delete(topic.name)
    topic.live.reject(error)
    topic.events.emit('refused', error)
  }

  const sync = (topic: Topic, attempt = 0): void => {
    topic.syncing = true
    clearTimeout(topic.again)
    const since = topic.position ? { since: topic.position } : {}
    const again = () => {
      if (topics.get(topic.name) === topic && isReady()) sync(topic, attempt + 1)
    }
    request({ type: 'subscribe', topic: topic.name, ...since }).catch((error) => {
      if (topics.get(topic.name) !== topic || !(error instanceof ParleyError)) return
      // A lost connection subscribes again when it is back; here it is a living one that was silent, or a server without its database.
      if (error.code === 'TIMEOUT') again()
      else if (isPassing(error)) topic.again = setTimeout(again, (error.retryAfter ?? 0) * 500 + backoff(attempt))
      else if (!['NETWORK', 'CLOSED'].includes(error.code)) refuse(topic, error)
    })
  }

  const onSubscribed = (frame: SubscribedFrame): void => {
    const topic = topics.get(frame.topic)
    if (!topic) return
    topic.syncing = false
    const before = topic.position
    const head = { epoch: frame.epoch, seq: frame.seq }
    // Recovered: the missed events come (or came) by themselves, from where we stood. Otherwise what we knew is void.
    if (!before) topic.position = head
    else if (!frame.recovered || before.epoch !== frame.epoch) {
      topic.position = head
      topic.events.emit('reset', { topic: topic.name, position: head })
    }
    topic.live.resolve(topic.position ?? head)
  }

  /** True when the frame is the next of its topic; false for one seen before, or one after a hole that is being filled. */
  const isNext = (topic: Topic, frame: { epoch: string; seq: number }): boolean => {
    const { position } = topic
    if (!position) return true
    if (position.epoch === frame.epoch && frame.seq === position.seq + 1) return true
    const seen = position.epoch === frame.epoch && frame.seq <= position.seq
    if (!seen && !topic.syncing) sync(topic)
    return false
  }

  const leave = (topic: Topic): void => {
    topic.users -= 1
    if (topic.users > 0 || topics.get(topic.name) !== topic) return
    topics.delete(topic.name)
    topic.events.clear()
    if (isReady()) request({ type: 'unsubscribe', topic: topic.name }).catch(() => undefined)
  }

  const enter = (name: string, since: Position | undefined): Topic => {
    const known = topics.get(name)
    if (known) return known
    const topic: Topic = { name, events: createEmitter(), users: 0, position: since, syncing: false, live: deferred() }
    topics.set(name, topic)
    if (isReady()) sync(topic)
    return topic
  }

  const join = (topic: Topic): Subscription => {
    topic.users += 1
    const undo: (() => void)[] = []
    let open = true
    const close = () => {
      if (!open) return
      open = false
      for (const off of undo) off()
      leave(topic)
    }
    const on: Subscription['on'] = (event, listener) => {
      const off = topic.events.on(event, listener)
      undo.push(off)
      return off
    }
    return {
      topic: topic.name,
      get position() {
        return topic.position
      },
      ready: topic.live.promise,
      on,
      close,
      [Symbol.asyncIterator]() {
        const stream = createStream<TopicEvent>(close)
        on('event', stream.push)
        on('refused', stream.fail)
        undo.push(stream.end)
        return stream
      },
    }
  }

  return {
    /** Subscribes, from `since` on if it is given. Many may subscribe the same topic: the server hears of it once. */
    subscribe: (name: string, options: { since?: Position | undefined } = {}): Subscription =>
      join(enter(name, options.since)),
    /** Subscribes everything again after a (re)connect. */
    resync(): void {
      for (const topic of topics.values()) sync(topic)
    },
    /** Takes every frame; false for a numbered one that must not be handed on (a duplicate, or later than a hole). */
    accept(frame: AnyFrame): boolean {
      if (frame.type === 'subscribed') onSubscribed(frame as unknown as SubscribedFrame)
      else if (isNumbered(frame)) {
        const topic = topics.get(frame.topic)
        if (!topic) return true
        if (!isNext(topic, frame)) return false
        topic.position = { epoch: frame.epoch, seq: frame.seq }
        topic.events.emit('event', asEvent(frame))
      }
      return true
    },
    /** The server ended one subscription and would take it again. */
    again(name: string): void {
      const topic = topics.get(name)
      if (topic && isReady()) sync(topic)
    },
    /** The server ended one subscription (membership taken away). */
    drop(name: string, error: ParleyError): void {
      const topic = topics.get(name)
      if (topic) refuse(topic, error)
    },
    fail(error: ParleyError): void {
      for (const topic of [...topics.values()]) refuse(topic, error)
    },
  }
}

/** What createTopics returns. */
export type Topics = ReturnType<typeof createTopics>

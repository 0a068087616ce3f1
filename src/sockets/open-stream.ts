import type { Readable } from 'node:stream'
import { problem } from '../contracts/errors.ts'
import { TOPIC_PATTERN } from '../contracts/frames.ts'
import { EventStream } from './event-stream.ts'
import type { Hub } from './hub.ts'
import type { Identity } from './identity.ts'
import { decodePositions, type Positions } from './positions.ts'

/** A request for a stream of events. */
export interface StreamRequest {
  identity: Identity
  topics: readonly string[]
  /** The Last-Event-ID that the reader came with. */
  last: string | undefined
  address: string
  /** Bytes that the connection has taken and not sent yet. */
  pending: () => number
}

/** Topics of one stream at most. */
const MAX_TOPICS = 20
const TOPIC = new RegExp(TOPIC_PATTERN)

function positionsOf({ topics, last }: StreamRequest): Positions {
  if (topics.length > MAX_TOPICS || !topics.every((topic) => TOPIC.test(topic))) {
    const errors = [{ path: 'querystring/topics', message: `must be 1 to ${MAX_TOPICS} topics, separated by commas` }]
    throw problem('VALIDATION_FAILED', { detail: 'The query does not match its schema', errors })
  }
  if (last === undefined || last === '') return new Map(topics.map((topic) => [topic, undefined]))
  const positions = decodePositions(last, topics)
  if (!positions) throw problem('BAD_REQUEST', { detail: 'Last-Event-ID is not of these topics' })
  return positions
}

/**
 * Opens a stream of server-sent events on a hub: the frames that a socket with these subscriptions would get. Everything that can be refused
 * is refused before the first byte.
 * @throws VALIDATION_FAILED, BAD_REQUEST, NOT_FOUND, FORBIDDEN, RATE_LIMITED, and UNAVAILABLE while the server drains
 */
export async function openEventStream(
  hub: Pick<Hub, 'attach' | 'subscribe'>,
  request: StreamRequest,
): Promise<Readable> {
  const positions = positionsOf(request)
  const socket = new EventStream({ positions, pending: request.pending })
  try {
    const connection = hub.attach(socket.asSocket(), request.identity, request.address)
    for (const [topic, since] of [...positions]) await hub.subscribe(connection, topic, since)
  } catch (error) {
    socket.terminate()
    throw error
  }
  return socket.stream
}

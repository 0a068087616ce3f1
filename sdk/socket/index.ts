import { createEmitter } from '../emitter.ts'
import { ParleyError } from '../errors.ts'
import { uuid } from '../ids.ts'
import type { Message } from '../types.ts'
import { watchPage } from './awareness.ts'
import { type ConnectionDeps, type ConnectionState, createConnection } from './connection.ts'
import type { AckFrame, AnyFrame, ErrorFrame, ServerFrames, SystemFrame } from './frames.ts'
import { createOutbox, type SendOptions } from './outbox.ts'
import { createTopics } from './topics.ts'

type SocketEvents = ServerFrames & {
  /** Every change of the connection; `retryInMs` tells when the next attempt is made. */
  state: { state: ConnectionState; code?: number; retryInMs?: number }
  /** Any frame that is no answer to a command. */
  frame: AnyFrame
  /** An error that belongs to no command. */
  problem: ParleyError
}

/** A message to write. `clientId` makes it once only, however often it is sent; one is made where none is given. */
export type NewChat = {
  conversationId: string
  content: string
  clientId?: string
  uploadIds?: string[]
  replyTo?: string
}

/** A stored message, and the reply that the assistant will write to it: none when it is not asked, or when a waiting reply takes it along. */
export type Sent = { message: Message; reply?: { messageId: string; jobId: string } }

export type SocketDeps = Omit<ConnectionDeps, 'nextId'>

/**
 * The real-time half of the client, over the `parley.v1` protocol: commands with answers, topics that resume without a gap, and a
 * connection that comes back by itself. Opens at the first use, or by `open()`.
 */
export function createSocket(deps: SocketDeps) {
  const { session } = deps
  const events = createEmitter<SocketEvents>()
  let lastId = 0
  const nextId = () => {
    lastId += 1
    return lastId
  }
  const connection = createConnection({ ...deps, nextId })
  const outbox = createOutbox({ nextId, send: connection.send, maxFrameBytes: () => connection.maxFrameBytes })
  watchPage(connection.wake)
  const isReady = () => connection.state === 'ready'
  const topics = createTopics({ request: (frame) => outbox.request(frame, { resend: false }), isReady })

  const fail = (error: ParleyError): void => {
    outbox.fail(error)
    topics.fail(error)
  }

  connection.on('state', (change) => {
    if (change.state !== 'ready' && change.state !== 'connecting') outbox.lost()
    events.emit('state', change)
  })
  connection.on('ready', () => {
    topics.resync()
    outbox.resend()
  })
  connection.on('ended', fail)
  connection.on('frame', (frame) => {
    if (frame.type === 'ack' || frame.type === 'error') {
      const answer = frame as AckFrame | ErrorFrame
      if (outbox.settle(answer) || answer.type === 'ack') return
      events.emit('problem', new ParleyError(answer))
      return
    }
    if (frame.type === 'system') onSystem(frame as SystemFrame)
    if (!topics.accept(frame)) return
    events.emit('frame', frame)
    events.emit(frame.type as keyof ServerFrames, frame as never)
  })

  const onSystem = (frame: SystemFrame): void => {
    if (frame.event === 'auth_expiring') session.renew(session.current()?.accessToken).catch(() => undefined)
    if (frame.event !== 'unsubscribed' || !frame.topic) return
    // The server could not go on with it, but would begin anew.
    if (frame.reason === 'history_changed' || frame.reason === 'interrupted') {
      topics.again(frame.topic)
      return
    }
    const message = frame.reason ?? 'The server ended this subscription.'
    topics.drop(frame.topic, new ParleyError({ code: 'FORBIDDEN', message }))
  }

  session.on('ended', () => {
    connection.close('idle')
    fail(new ParleyError({ code: 'NOT_SIGNED_IN', status: 401, message: 'The session has ended. Sign in again.' }))
  })

  const command = (frame: { type: string; [field: string]: unknown }, options?: SendOptions): Promise<AckFrame> => {
    if (!session.current()) {
      return Promise.reject(new ParleyError({ code: 'NOT_SIGNED_IN', status: 401, message: 'Sign in first.' }))
    }
    if (connection.state === 'idle') connection.open()
    return outbox.request(frame, options)
  }

  return {
    on: events.on,
    get state() {
      return connection.state
    },
    /** Number of commands that have no answer yet (while offline: those that wait to be sent). */
    get waiting() {
      return outbox.size
    },
    open: connection.open,
    reconnect: connection.reconnect,
    /** Sends any command and waits for its answer. */
    command,
    /** Follows a topic; see the API's list of topics. */
    subscribe(topic: string, options: { since?: { epoch: string; seq: number } | undefined } = {}) {
      if (connection.state === 'idle' && session.current()) connection.open()
      return topics.subscribe(topic, options)
    },
    /** Writes a message. Waits while offline, and is stored once however often the connection breaks meanwhile. */
    async chat({ clientId = uuid(), ...message }: NewChat): Promise<Sent> {
      const { message: stored, reply } = await command({ type: 'chat', clientId, ...message }, { timeoutMs: null })
      if (stored) return { message: stored, ...(reply && { reply }) }
      throw new ParleyError({ code: 'BAD_ANSWER', message: 'The server acknowledged the message without giving it.' })
    },
    edit: (messageId: string, content: string) => command({ type: 'edit', messageId, content }),
    delete: (messageId: string) => command({ type: 'delete', messageId }),
    /** Adds the own reaction to a message, or takes it away. */
    react: (messageId: string, emoji: string, active = true) => command({ type: 'react', messageId, emoji, active }),
    read: (conversationId: string, seq: number) => command({ type: 'read', conversationId, seq }),
    stop: (messageId: string) => command({ type: 'stop', messageId }),
    echo: (data: unknown) => command({ type: 'echo', data }),
    /** Tells that the user is (not) typing; forgotten while offline. */
    typing: (conversationId: string, active: boolean): boolean =>
      connection.send({ type: 'typing', conversationId, active }),
    presence: (status: string): boolean => connection.send({ type: 'presence', status }),
    /** Ends the connection and rejects what still waits. `open()` starts anew. */
    close(): void {
      connection.close()
      fail(new ParleyError({ code: 'CLOSED', message: 'The client was closed.' }))
    },
  }
}

/** What createSocket returns. */
export type Socket = ReturnType<typeof createSocket>

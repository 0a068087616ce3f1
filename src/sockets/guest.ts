import { EventEmitter } from 'node:events'
import type { WebSocket } from 'ws'
import { problem } from '../contracts/errors.ts'
import type { Guest, GuestListener } from '../contracts/guests.ts'
import type { Hub } from './hub.ts'

type Frame = { type: string; topic?: string } & Record<string, unknown>
type GuestHub = Pick<Hub, 'adopt' | 'login' | 'heard' | 'subscribe' | 'unsubscribe' | 'end'>

interface Followed {
  listeners: Set<GuestListener>
  ready: Promise<void>
}

/**
 * A socket of another protocol in the shape that the hub knows: frames that the hub sends are handed to `receive` and not written, messages of the client
 * are not shown to the hub. Signs of life and the end are those of the socket.
 */
class GuestSocket extends EventEmitter {
  readonly OPEN = 1
  readonly isPaused = false
  readonly #socket: WebSocket
  readonly #receive: (frame: Frame) => void

  constructor(socket: WebSocket, receive: (frame: Frame) => void) {
    super()
    this.#socket = socket
    this.#receive = receive
    for (const sign of ['ping', 'pong', 'close']) socket.on(sign, () => this.emit(sign))
    socket.on('message', () => this.emit('pong'))
    socket.on('error', () => {})
  }

  get readyState(): number {
    return this.#socket.readyState
  }
  get bufferedAmount(): number {
    return this.#socket.bufferedAmount
  }
  send(data: Buffer, _options: unknown, done?: () => void): void {
    for (const frame of [JSON.parse(data.toString()) as Frame | Frame[]].flat()) this.#receive(frame)
    done?.()
  }
  ping(): void {
    if (this.readyState === this.OPEN) this.#socket.ping()
  }
  close(code: number, reason: string): void {
    this.#socket.close(code, reason)
  }
  terminate(): void {
    this.#socket.terminate()
  }
  pause(): void {}
  resume(): void {}
}

/** Hands a socket of another protocol over to the hub. Undefined: it has no place, and is being closed. */
export function createGuest(hub: GuestHub, socket: WebSocket, address: string): Guest | undefined {
  const topics = new Map<string, Followed>()

  function receive(frame: Frame): void {
    const followed = frame.topic === undefined ? undefined : topics.get(frame.topic)
    if (followed === undefined || frame.type === 'subscribed') return
    if (frame.type !== 'system') {
      for (const listener of [...followed.listeners]) listener.frame(frame)
    } else if (frame.event === 'unsubscribed') {
      topics.delete(frame.topic as string)
      for (const listener of followed.listeners) listener.end(String(frame.reason))
    }
  }

  const connection = hub.adopt(new GuestSocket(socket, receive) as unknown as WebSocket, address)
  if (connection === undefined) return undefined

  /** One subscription of the hub stands for all that the guest has to the same topic. */
  const hold = (topic: string): Followed => {
    const known = topics.get(topic)
    if (known) return known
    const followed = { listeners: new Set<GuestListener>(), ready: hub.subscribe(connection, topic) }
    topics.set(topic, followed)
    return followed
  }

  return {
    get actor() {
      return connection.identity?.actor
    },
    async login(token) {
      await hub.login(connection, token)
    },
    heard: () => hub.heard(connection),
    async follow(topic, listener) {
      if (connection.identity === undefined) throw problem('UNAUTHENTICATED')
      const followed = hold(topic)
      followed.listeners.add(listener)
      const leave = () => {
        followed.listeners.delete(listener)
        if (followed.listeners.size > 0 || topics.get(topic) !== followed) return
        topics.delete(topic)
        hub.unsubscribe(connection, topic)
      }
      try {
        await followed.ready
      } catch (error) {
        leave()
        throw error
      }
      return leave
    },
    overloaded: () => hub.end(connection, 'OVERLOADED'),
  }
}

import type { WebSocket } from 'ws'
import type { Connection } from './connection.ts'
import type { HubLimits } from './types.ts'

/** What a hub wants to hear of its sockets. `receive` gets undefined for a binary message. */
export interface Listener {
  receive: (connection: Connection, text: string | undefined) => void
  gone: (connection: Connection) => void
  /** The time of a sign of life. */
  alive: () => number
}

const BOUND = Symbol('parley.connection')
type Bound = WebSocket & { [BOUND]?: { connection: Connection; listener: Listener } }

function onMessage(this: Bound, data: Buffer, binary: boolean): void {
  const bound = this[BOUND]
  bound?.listener.receive(bound.connection, binary ? undefined : data.toString())
}

function onSign(this: Bound): void {
  const bound = this[BOUND]
  if (!bound) return
  bound.connection.lastSeen = bound.listener.alive()
  bound.connection.pinged = false
}

function onClose(this: Bound): void {
  const bound = this[BOUND]
  bound?.listener.gone(bound.connection)
}

/** ws closes by itself after an error (1002, 1007, 1009) and emits 'close'. */
function onError(): void {}

/** Ties a connection to its socket: the same five functions for all sockets, for closures would be held ten thousand times. */
export function listen(connection: Connection, listener: Listener): void {
  const socket = connection.socket as Bound
  socket[BOUND] = { connection, listener }
  socket.on('message', onMessage).on('pong', onSign).on('ping', onSign).on('close', onClose).on('error', onError)
}

/** Looks after one connection: pings a silent one, and answers false for one that is dead or does not finish closing. */
export function isAlive(connection: Connection, now: number, { heartbeatMs, graceMs }: HubLimits): boolean {
  if (connection.closing !== undefined) return now <= connection.closeBy
  const silent = now - connection.lastSeen
  const quiet = connection.quietMs ?? heartbeatMs
  if (silent > quiet + graceMs) return false
  if (silent > quiet && !connection.pinged) {
    connection.pinged = true
    connection.socket.ping()
  }
  return true
}

import type { CloseReason } from '../contracts/frames.ts'
import type { Connection } from './connection.ts'

/** Time for each client that comes back after a drain, ms: 500 a second are no load for the next instance. */
const RETURN_MS = 2
/** Bounds of the whole window, ms. */
const LEAST_MS = 1000
const MOST_MS = 30_000

/**
 * When each of so many clients shall come back after a drain, in ms from now: evenly spread over the window, at random within the share of
 * each. The more there are, the longer the window, unless one is given.
 */
export function momentsToReturn(clients: number, windowMs?: number): number[] {
  const window = windowMs ?? Math.min(MOST_MS, Math.max(LEAST_MS, clients * RETURN_MS))
  const share = window / Math.max(1, clients)
  return Array.from({ length: clients }, (_, place) => Math.round((place + Math.random()) * share))
}

/** What a drain acts on. */
export interface DrainOptions {
  connections: ReadonlySet<Connection>
  send: (connection: Connection, frame: object) => void
  close: (connection: Connection, reason: CloseReason) => void
  /** Milliseconds that never jump. */
  now: () => number
}

/**
 * Says that the server goes away, lets running commands finish (at most `graceMs`), and closes all with 1012. Each client is told another moment
 * within the window to come back: evenly spread, and the more of them there are, the longer it takes.
 */
export async function drainConnections(
  options: DrainOptions,
  windowMs: number | undefined,
  graceMs: number,
): Promise<void> {
  const { connections, send, close, now } = options
  const moments = momentsToReturn(connections.size, windowMs)
  for (const connection of connections) {
    send(connection, { type: 'system', event: 'drain', reconnectAfterMs: moments.pop() })
  }
  const until = now() + graceMs
  const busy = () => [...connections].some((connection) => connection.inFlight > 0)
  do await new Promise((resolve) => setImmediate(resolve))
  while (busy() && now() < until)
  for (const connection of connections) close(connection, 'RESTART')
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
}

import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { clientFrame } from './frames.ts'
import { percentile } from './stats.ts'

/**
 * Publishes on the first connection and counts what arrives on all others. `publish` is a text frame in which `{n}` becomes the number
 * of the message, `{uuid}` a new id and `{pad}` filling up to 200 bytes; receivers look for `#<n>#`. At most `window` are on their way;
 * with `perSecond` they begin at that pace, whatever became of those before (but never more than `window` at a time).
 */
export interface FanOutOrder {
  kind: 'socket'
  action: 'fan-out'
  publish: string
  window: number
  perSecond?: number
  milliseconds: number
}

/** One open connection. */
export interface Member {
  socket: Socket
  port: number
  onText: (text: Buffer) => void
  /** Its end, once it is a member: the close code, 1006 without one. */
  onEnd: (code: number) => void
}

const MARK = 35 // '#'

/** Calls `seen` for every `#<digits>#` in the text. */
export function eachMark(text: Buffer, seen: (n: number) => void): void {
  let at = text.indexOf(MARK)
  while (at !== -1) {
    let n = 0
    let i = at + 1
    for (; i < text.length; i++) {
      const digit = text[i]! - 48
      if (digit < 0 || digit > 9) break
      n = n * 10 + digit
    }
    if (i > at + 1 && text[i] === MARK) seen(n)
    at = text.indexOf(MARK, i + 1)
  }
}

/** What a message is filled up to, bytes of content. */
const PADDED = 200
const STUCK_MS = 20_000

const median = (values: number[]) => percentile(Float64Array.from(values).sort(), 0.5)

/** Publishes on the first connection, waits for what arrives on all others, and measures from the one to the other. */
export async function fanOut(members: Member[], order: FanOutOrder) {
  const latencies: number[] = []
  const byPort = new Map<number, number[]>()
  const sentAt: number[] = []
  const missing: number[] = []
  const receivers = members.slice(1)
  const deadline = performance.now() + order.milliseconds
  let under = 0
  await new Promise<void>((resolve, reject) => {
    const stuck = setTimeout(
      () => reject(new Error(`a message did not reach all members within ${STUCK_MS / 1_000} s`)),
      order.milliseconds + STUCK_MS,
    )
    const finish = () => {
      clearTimeout(stuck)
      clearInterval(pace)
      resolve()
    }
    const publish = () => {
      under++
      const n = sentAt.push(performance.now()) - 1
      missing.push(receivers.length)
      const mark = String(n)
      const text = order.publish
        .replaceAll('{pad}', '.'.repeat(PADDED - mark.length - 2))
        .replaceAll('{n}', mark)
        .replaceAll('{uuid}', randomUUID())
      members[0]!.socket.write(clientFrame(Buffer.from(text), 1))
    }
    const next = () => {
      if (performance.now() < deadline) {
        if (under < order.window) publish()
      } else if (under === 0) finish()
    }
    const arrived = (port: number) => (n: number) => {
      const took = performance.now() - sentAt[n]!
      latencies.push(took)
      byPort.get(port)!.push(took)
      missing[n]!--
      if (missing[n]! > 0) return
      under--
      if (order.perSecond === undefined || performance.now() >= deadline) next()
    }
    for (const member of receivers) {
      if (!byPort.has(member.port)) byPort.set(member.port, [])
      const seen = arrived(member.port)
      member.onText = (text) => eachMark(text, seen)
    }
    const pace = order.perSecond === undefined ? undefined : setInterval(next, 1_000 / order.perSecond)
    if (pace === undefined) for (let i = 0; i < order.window; i++) publish()
  })
  for (const member of members) member.onText = () => {}
  const ascending = Float64Array.from(latencies).sort()
  return {
    messages: sentAt.length,
    deliveries: latencies.length,
    p50: percentile(ascending, 0.5),
    p99: percentile(ascending, 0.99),
    byPort: [...byPort.values()].map(median),
  }
}

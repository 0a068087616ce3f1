import { randomBytes, randomUUID } from 'node:crypto'
import { connect, type Socket } from 'node:net'
import { clientFrame, createFrameReader } from './frames.ts'
import { percentile } from './stats.ts'

/**
 * Opens connections (they stay open over further orders). Each waits for `greeting`, sends `first` and waits for `ready`; an empty
 * text is not waited for.
 */
export interface OpenOrder {
  kind: 'socket'
  action: 'open'
  port: number
  path: string
  connections: number
  /** Subprotocol lists, taken in turn: connection i offers protocols[i % length]. */
  protocols: string[]
  greeting: string
  first: string[]
  ready: string
}

/**
 * Publishes on the first connection and counts what arrives on all others. `publish` is a text frame in which `{n}` becomes
 * the number of the message and `{uuid}` a new id; receivers look for `#<n>#`. At most `window` are on their way.
 */
export interface FanOutOrder {
  kind: 'socket'
  action: 'fan-out'
  publish: string
  window: number
  milliseconds: number
}

export interface CloseOrder {
  kind: 'socket'
  action: 'close'
}

export type SocketOrder = OpenOrder | FanOutOrder | CloseOrder

/** What the socket generator saw; the numbers of the last order only. Latencies (publish to arrival) in milliseconds. */
export interface SocketOutcome {
  connections: number
  messages: number
  deliveries: number
  seconds: number
  p50: number
  p99: number
  generatorBusy: number
}

interface Member {
  socket: Socket
  onText: (text: Buffer) => void
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

function handshake(order: OpenOrder, index: number): string {
  const protocols = order.protocols.length > 0 ? order.protocols[index % order.protocols.length] : undefined
  return [
    `GET ${order.path} HTTP/1.1`,
    `Host: 127.0.0.1:${order.port}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    ...(protocols === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocols}`]),
    '\r\n',
  ].join('\r\n')
}

function openOne(order: OpenOrder, index: number): Promise<Member> {
  return new Promise((resolve, reject) => {
    const socket = connect(order.port, '127.0.0.1')
    socket.setNoDelay(true)
    const late = setTimeout(() => reject(new Error(`connection ${index} was not ready within 20 s`)), 20_000)
    const member: Member = { socket, onText: () => {} }
    let greeted = false
    const reader = createFrameReader((opcode, payload) => {
      if (opcode === 1) member.onText(payload)
      else if (opcode === 9) socket.write(clientFrame(payload, 10))
      else if (opcode === 8)
        reject(new Error(`closed by the server: ${payload.length > 1 ? payload.readUInt16BE(0) : ''}`))
    })
    const ready = () => {
      clearTimeout(late)
      member.onText = () => {}
      resolve(member)
    }
    const join = () => {
      greeted = true
      for (const text of order.first) socket.write(clientFrame(Buffer.from(text), 1))
      if (order.ready === '') ready()
    }
    member.onText = (text) => {
      if (!greeted && text.includes(order.greeting)) join()
      else if (greeted && text.includes(order.ready)) ready()
      else if (text.includes('"type":"error"')) reject(new Error(`connection ${index}: ${text}`))
    }
    let head = Buffer.alloc(0)
    const onHead = (chunk: Buffer) => {
      head = Buffer.concat([head, chunk])
      const end = head.indexOf('\r\n\r\n')
      if (end === -1) return
      if (!head.toString('latin1', 0, 12).endsWith('101')) return reject(new Error(head.toString('latin1', 0, 200)))
      socket.off('data', onHead)
      socket.on('data', reader)
      if (order.greeting === '') join()
      reader(head.subarray(end + 4))
    }
    socket.on('data', onHead)
    socket.on('connect', () => socket.write(handshake(order, index)))
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`connection ${index} closed`)))
  })
}

/** Keeps the open connections between orders. */
export function createSocketLoad() {
  let members: Member[] = []

  async function open(order: OpenOrder): Promise<void> {
    const batch = 50
    for (let at = 0; at < order.connections; at += batch) {
      const size = Math.min(batch, order.connections - at)
      members.push(...(await Promise.all(Array.from({ length: size }, (_, i) => openOne(order, at + i)))))
    }
  }

  async function fanOut(order: FanOutOrder): Promise<Omit<SocketOutcome, 'connections' | 'generatorBusy' | 'seconds'>> {
    const latencies: number[] = []
    const sentAt: number[] = []
    const missing: number[] = []
    const deadline = performance.now() + order.milliseconds
    await new Promise<void>((resolve, reject) => {
      let under = 0
      const stuck = setTimeout(() => reject(new Error('a message did not reach all members within 20 s')), 20_000)
      const publish = () => {
        if (performance.now() >= deadline) {
          if (under === 0) {
            clearTimeout(stuck)
            resolve()
          }
          return
        }
        under++
        const n = sentAt.push(performance.now()) - 1
        missing.push(members.length - 1)
        const text = order.publish.replaceAll('{n}', String(n)).replaceAll('{uuid}', randomUUID())
        members[0]!.socket.write(clientFrame(Buffer.from(text), 1))
      }
      const arrived = (n: number) => {
        latencies.push(performance.now() - sentAt[n]!)
        missing[n]!--
        if (missing[n] === 0) {
          under--
          publish()
        }
      }
      for (const member of members.slice(1)) member.onText = (text) => eachMark(text, arrived)
      for (let i = 0; i < order.window; i++) publish()
    })
    for (const member of members) member.onText = () => {}
    const ascending = Float64Array.from(latencies).sort()
    return {
      messages: sentAt.length,
      deliveries: latencies.length,
      p50: percentile(ascending, 0.5),
      p99: percentile(ascending, 0.99),
    }
  }

  return {
    /** Does one order; throws what the first failing connection said. */
    async run(order: SocketOrder): Promise<SocketOutcome> {
      const busyBefore = process.cpuUsage()
      const start = performance.now()
      let result = { messages: 0, deliveries: 0, p50: 0, p99: 0 }
      if (order.action === 'open') await open(order)
      else if (order.action === 'fan-out') result = await fanOut(order)
      else {
        for (const member of members) member.socket.destroy()
        members = []
      }
      const seconds = (performance.now() - start) / 1_000
      const busy = process.cpuUsage(busyBefore)
      return {
        connections: members.length,
        ...result,
        seconds,
        generatorBusy: (busy.user + busy.system) / 1e6 / seconds,
      }
    },
  }
}

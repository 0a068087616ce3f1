import { randomBytes } from 'node:crypto'
import { connect } from 'node:net'
import { clientFrame, createFrameReader } from './frames.ts'
import { type FanOutOrder, fanOut, type Member } from './socket-fan-out.ts'

/** One step of a fresh connection: what is sent, and a text in what must come back before the next step; '' waits for nothing. */
export interface Step {
  send: string[]
  until: string
}

/** Opens connections (they stay open over further orders) and takes each through the steps. */
export interface OpenOrder {
  kind: 'socket'
  action: 'open'
  /** Taken in turn: connection i goes to ports[i % length]. */
  ports: number[]
  path: string
  connections: number
  /** Subprotocol lists, taken in turn: connection i offers protocols[i % length]. */
  protocols: string[]
  steps: Step[]
}

/** Waits until the server sends all connections away, and comes back to another port, each at the moment it was told. */
export interface ReturnOrder extends Omit<OpenOrder, 'action' | 'connections'> {
  action: 'return'
}

export interface CloseOrder {
  kind: 'socket'
  action: 'close'
}

export type SocketOrder = OpenOrder | FanOutOrder | ReturnOrder | CloseOrder

/** What the socket generator saw; the numbers of the last order only. Latencies (publish to arrival) in milliseconds. */
export interface SocketOutcome {
  connections: number
  messages: number
  deliveries: number
  seconds: number
  p50: number
  p99: number
  /** p50 of each port, in the order of the ports of the opening. */
  byPort: number[]
  /** Of a return: connections that came in the fullest tenth of a second. */
  peak: number
  generatorBusy: number
}

/** The way a socket asks and is answered: what a connection does to become a member. */
type Way = Pick<OpenOrder, 'ports' | 'path' | 'protocols' | 'steps'>

function handshake(order: Way, index: number): string {
  const protocols = order.protocols.length > 0 ? order.protocols[index % order.protocols.length] : undefined
  return [
    `GET ${order.path} HTTP/1.1`,
    `Host: 127.0.0.1:${order.ports[index % order.ports.length]}`,
    'Connection: Upgrade',
    'Upgrade: websocket',
    'Sec-WebSocket-Version: 13',
    `Sec-WebSocket-Key: ${randomBytes(16).toString('base64')}`,
    ...(protocols === undefined ? [] : [`Sec-WebSocket-Protocol: ${protocols}`]),
    '\r\n',
  ].join('\r\n')
}

/** Connections that are being opened at any time. */
const AT_ONCE = 50
const PING = 50 // '2': a heartbeat of Engine.IO, which is a text

/** What every socket reads into: a chunk is dealt with before the next one comes. Spares the generator an allocation for each. */
const shared = Buffer.alloc(64 * 1024)

function openOne(order: Way, index: number): Promise<Member> {
  return new Promise((resolve, reject) => {
    const port = order.ports[index % order.ports.length]!
    let take: (chunk: Buffer) => void = () => {}
    const socket = connect({
      port,
      host: '127.0.0.1',
      onread: {
        buffer: shared,
        callback(length, chunk) {
          take((chunk as Buffer).subarray(0, length))
          return true
        },
      },
    })
    socket.setNoDelay(true)
    const late = setTimeout(() => reject(new Error(`connection ${index} was not ready within 30 s`)), 30_000)
    let code = 1006
    const member: Member = { socket, port, onText: () => {}, onEnd: () => {} }
    let step = -1
    const proceed = () => {
      step++
      const { send, until } = order.steps[step] ?? { send: [], until: '' }
      for (const text of send) socket.write(clientFrame(Buffer.from(text), 1))
      if (step < order.steps.length) {
        if (until === '') proceed()
        return
      }
      clearTimeout(late)
      member.onText = () => {}
      resolve(member)
    }
    member.onText = (text) => {
      if (text.includes('"type":"error"')) reject(new Error(`connection ${index}: ${text}`))
      else if (text.includes(order.steps[step]!.until)) proceed()
    }
    const reader = createFrameReader((opcode, payload) => {
      if (opcode === 1 && payload.length === 1 && payload[0] === PING) socket.write(clientFrame(Buffer.from('3'), 1))
      else if (opcode === 1) member.onText(payload)
      else if (opcode === 9) socket.write(clientFrame(payload, 10))
      else if (opcode === 8) {
        code = payload.length > 1 ? payload.readUInt16BE(0) : 1005
        socket.end(clientFrame(payload, 8))
        reject(new Error(`closed by the server: ${code}`))
      }
    })
    let head = Buffer.alloc(0)
    const onHead = (chunk: Buffer) => {
      head = Buffer.concat([head, chunk])
      const end = head.indexOf('\r\n\r\n')
      if (end === -1) return
      if (!head.toString('latin1', 0, 12).endsWith('101')) return reject(new Error(head.toString('latin1', 0, 200)))
      take = reader
      proceed()
      reader(head.subarray(end + 4))
    }
    take = onHead
    socket.on('connect', () => socket.write(handshake(order, index)))
    socket.on('error', reject)
    socket.on('close', () => {
      clearTimeout(late)
      reject(new Error(`connection ${index} closed`))
      member.onEnd(code)
    })
  })
}

/** A client whose attempt fails tries again after a pause, as the SDK does. */
async function openAgain(order: Way, index: number): Promise<Member> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await openOne(order, index)
    } catch (error) {
      if (attempt === 5) throw error
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 500 * 2 ** attempt))
    }
  }
}

/** Keeps the open connections between orders. */
export function createSocketLoad() {
  let members: Member[] = []

  async function open(order: OpenOrder): Promise<void> {
    const opened: Member[] = []
    let next = 0
    const opener = async () => {
      for (let at = next++; at < order.connections; at = next++) opened[at] = await openOne(order, at)
    }
    await Promise.all(Array.from({ length: AT_ONCE }, opener))
    members.push(...opened)
  }

  /** When everybody is back: how many came in the fullest tenth of a second. */
  async function comeBack(order: ReturnOrder): Promise<number> {
    const perTenth = new Map<number, number>()
    members = await Promise.all(
      members.map(async (member, index) => {
        let wait = 0
        member.onText = (text) => {
          const told = /"reconnectAfterMs":(\d+)/.exec(text.toString())?.[1]
          if (told !== undefined) wait = Number(told)
        }
        const code = await new Promise<number>((resolve) => {
          member.onEnd = resolve
        })
        if (code !== 1012) throw new Error(`a connection was closed with ${code}`)
        await new Promise((resolve) => setTimeout(resolve, wait))
        const tenth = Math.floor(performance.now() / 100)
        perTenth.set(tenth, (perTenth.get(tenth) ?? 0) + 1)
        return openAgain(order, index)
      }),
    )
    return Math.max(...perTenth.values())
  }

  return {
    /** Does one order; throws what the first failing connection said. */
    async run(order: SocketOrder): Promise<SocketOutcome> {
      const busyBefore = process.cpuUsage()
      const start = performance.now()
      let result = { messages: 0, deliveries: 0, p50: 0, p99: 0, byPort: [] as number[] }
      let peak = 0
      if (order.action === 'open') await open(order)
      else if (order.action === 'fan-out') result = await fanOut(members, order)
      else if (order.action === 'return') peak = await comeBack(order)
      else {
        for (const member of members) member.socket.destroy()
        members = []
      }
      const seconds = (performance.now() - start) / 1_000
      const busy = process.cpuUsage(busyBefore)
      return {
        connections: members.length,
        ...result,
        peak,
        seconds,
        generatorBusy: (busy.user + busy.system) / 1e6 / seconds,
      }
    },
  }
}

import { connect, type Socket } from 'node:net'
import { percentile } from './stats.ts'

/** What the HTTP generator is to do: requests are raw HTTP/1.1 texts, sent in turn, each connection waiting for its answer. */
export interface HttpOrder {
  kind: 'http'
  port: number
  requests: string[]
  connections: number
  milliseconds: number
  expectStatus: number
  /** Asks at this rate instead of as fast as it gets answers; an answer that comes late counts from when its request was due. */
  perSecond?: number
}

/** What it saw. `requests` counts all answers, `seconds` is the wall time, latencies are in milliseconds. */
export interface HttpOutcome {
  requests: number
  seconds: number
  p50: number
  p95: number
  p99: number
  /** Answers with another status than expected; more than 0 makes a round worthless. */
  wrong: number
  /** Share of one core that the generator itself used: near 1, it was the bottleneck. */
  generatorBusy: number
}

const HEAD_END = Buffer.from('\r\n\r\n')
const LAST_CHUNK = Buffer.from('0\r\n\r\n')

/** Length of the first whole answer in `data`, or 0 when it is not all there yet. */
export function answerLength(data: Buffer): number {
  const headEnd = data.indexOf(HEAD_END)
  if (headEnd === -1) return 0
  const head = data.toString('latin1', 0, headEnd).toLowerCase()
  const at = head.indexOf('\r\ncontent-length:')
  if (at !== -1) {
    const length = headEnd + 4 + Number.parseInt(head.slice(at + 17, at + 30), 10)
    return data.length >= length ? length : 0
  }
  if (head.includes('\r\ntransfer-encoding: chunked')) {
    const end = data.indexOf(LAST_CHUNK, headEnd)
    return end === -1 ? 0 : end + LAST_CHUNK.length
  }
  return headEnd + 4
}

/**
 * An HTTP generator on bare sockets: a closed loop, or at a given rate. It does not validate what it receives beyond status and framing: a
 * full client would use more CPU than the servers under test.
 */
export async function runHttpLoad(order: HttpOrder): Promise<HttpOutcome> {
  const requests = order.requests.map((text) => Buffer.from(text))
  const latencies: number[] = []
  let next = 0
  let wrong = 0
  const busyBefore = process.cpuUsage()
  const start = performance.now()
  const deadline = start + order.milliseconds
  const pause = order.perSecond === undefined ? 0 : (1_000 * order.connections) / order.perSecond

  const connection = (place: number) =>
    new Promise<void>((resolve, reject) => {
      const socket: Socket = connect(order.port, '127.0.0.1')
      socket.setNoDelay(true)
      let sentAt = 0
      let pending: Buffer | undefined
      let finished = false
      let due = start + (pause * place) / order.connections
      const turn = () => {
        const now = performance.now()
        if (due > now && pause > 0) setTimeout(() => send(performance.now()), due - now)
        else send(pause > 0 ? due : now)
      }
      const send = (from: number) => {
        sentAt = from
        due += pause
        if (performance.now() >= deadline) {
          finished = true
          socket.destroy()
          return
        }
        socket.write(requests[next++ % requests.length]!)
      }
      socket.on('connect', turn)
      socket.on('data', (chunk: Buffer) => {
        const data = pending ? Buffer.concat([pending, chunk]) : chunk
        const length = answerLength(data)
        if (length === 0) {
          pending = data
          return
        }
        pending = undefined
        latencies.push(performance.now() - sentAt)
        if (Number.parseInt(data.toString('latin1', 9, 12), 10) !== order.expectStatus) wrong++
        turn()
      })
      socket.on('close', () => {
        if (!finished) wrong++
        resolve()
      })
      socket.on('error', reject)
    })

  await Promise.all(Array.from({ length: order.connections }, (_, place) => connection(place)))
  const seconds = (performance.now() - start) / 1_000
  const busy = process.cpuUsage(busyBefore)
  const ascending = Float64Array.from(latencies).sort()
  return {
    requests: latencies.length,
    seconds,
    p50: percentile(ascending, 0.5),
    p95: percentile(ascending, 0.95),
    p99: percentile(ascending, 0.99),
    wrong,
    generatorBusy: (busy.user + busy.system) / 1e6 / seconds,
  }
}

import { createServer, connect as dial, type Socket } from 'node:net'
import type { Test } from 'tap'
import type { SeededRandom } from './random.ts'

/** What happens to a connection on its way. */
export const FAULTS = ['cut', 'tear', 'stall', 'half-close', 'delay'] as const
export type Fault = (typeof FAULTS)[number]

/** How a proxy behaves. */
export type ProxyOptions = {
  /** Port of the moment; asked for each new connection, so that it may move. `undefined` refuses the connection. */
  target: () => number | undefined
  random: SeededRandom
  /** Chunks between two faults of a connection, on average. @defaultValue no faults but those that are asked for */
  meanChunks?: number
  faults?: readonly Fault[]
}

type Pair = { near: Socket; far: Socket }

const LONGEST_DELAY_MS = 40
const LONGEST_STALL_MS = 600

/**
 * A TCP proxy between a client and a server that misbehaves as networks do, by a seeded generator: it cuts connections, tears them in the
 * middle of a chunk, stalls them for a while, closes one direction only, and delays what passes. `counts` tells what it did.
 */
export async function faultyProxy(t: Test, { target, random, meanChunks, faults = FAULTS }: ProxyOptions) {
  const pairs = new Set<Pair>()
  const counts: Record<Fault, number> = { cut: 0, tear: 0, stall: 0, 'half-close': 0, delay: 0 }
  let calm = false
  let refusing = false

  function cut(pair: Pair): void {
    pairs.delete(pair)
    pair.near.destroy()
    pair.far.destroy()
  }

  /** Lets nothing through for a while; what was sent meanwhile comes late, not never. */
  function hold(from: Socket, ms: number): void {
    from.pause()
    setTimeout(() => from.resume(), ms)
  }

  function strike(pair: Pair, from: Socket, to: Socket, chunk: Buffer): void {
    const fault = random.pick(faults)
    counts[fault] += 1
    if (fault === 'cut') cut(pair)
    if (fault === 'tear') to.write(chunk.subarray(0, random.below(chunk.length)), () => cut(pair))
    if (fault === 'cut' || fault === 'tear') return
    to.write(chunk)
    if (fault === 'half-close') to.end()
    else hold(from, 1 + random.below(fault === 'stall' ? LONGEST_STALL_MS : LONGEST_DELAY_MS))
  }

  function carry(pair: Pair, from: Socket, to: Socket): void {
    from.on('data', (chunk) => {
      if (to.writableEnded) return
      if (meanChunks !== undefined && !calm && random.once(meanChunks)) strike(pair, from, to, chunk)
      else to.write(chunk)
    })
    from.on('end', () => to.end())
    from.on('error', () => cut(pair))
    from.on('close', () => cut(pair))
  }

  const server = createServer({ allowHalfOpen: true }, (near) => {
    const port = target()
    if (port === undefined || refusing) {
      near.on('error', () => {})
      near.destroy()
      return
    }
    const far = dial({ port, host: '127.0.0.1', allowHalfOpen: true })
    const pair: Pair = { near, far }
    pairs.add(pair)
    for (const socket of [near, far]) socket.setNoDelay(true)
    carry(pair, near, far)
    carry(pair, far, near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const pair of pairs) cut(pair)
    server.close()
  })

  return {
    port: (server.address() as { port: number }).port,
    counts,
    get connections() {
      return pairs.size
    },
    /** Cuts what is open now. */
    cutAll(): void {
      for (const pair of [...pairs]) cut(pair)
    },
    /** Ends what is open towards the client, and leaves its own direction open. */
    halfCloseAll(): void {
      for (const { near } of pairs) near.end()
    },
    /** Lets nothing through any more, either way, and says nothing: a network that swallows packets. `thaw` ends it. */
    freeze(): void {
      for (const { near, far } of pairs) for (const socket of [near, far]) socket.pause()
    },
    thaw(): void {
      for (const { near, far } of pairs) for (const socket of [near, far]) socket.resume()
    },
    /** Refuses new connections and cuts the open ones, until `heal`. */
    partition(): void {
      refusing = true
      for (const pair of [...pairs]) cut(pair)
    },
    heal(): void {
      refusing = false
    },
    /** No more faults from now on; what is open stays as it is. */
    calm(): void {
      calm = true
    },
  }
}

/** See {@link faultyProxy}. */
export type FaultyProxy = Awaited<ReturnType<typeof faultyProxy>>

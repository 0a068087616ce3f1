import { existsSync, readFileSync, rmSync } from 'node:fs'
import { residentBytes } from '../lib/proc.ts'
import type { Bench, SocketTarget } from '../lib/target.ts'
import { memoryFile } from '../targets/baseline-sockets.ts'
import { note, type Samples, type SocketLoad, tables } from './room.ts'

/** Connections, and what the promises ask at that number: against bare ws, and against Socket.IO. */
const SIZES = { 2000: { ws: 1.5, socketIo: 0.65 }, 10000: { ws: 1.3, socketIo: 0.65 } } as const
const settle = () => new Promise((resolve) => setTimeout(resolve, 400))

interface Memory {
  rss: number
  heap: number
}

async function collected(bench: Bench, pid: number): Promise<Memory> {
  const file = memoryFile(bench)
  rmSync(file, { force: true })
  process.kill(pid, 'SIGUSR2')
  for (let attempt = 0; attempt < 100 && !existsSync(file); attempt++) await settle()
  const { heapUsed, external } = JSON.parse(readFileSync(file, 'utf8')) as NodeJS.MemoryUsage
  return { rss: residentBytes(pid), heap: heapUsed + external }
}

async function open(bench: Bench, target: SocketTarget, connections: number) {
  const { path, protocols, sign, join, server } = target
  return bench.generator.run({
    kind: 'socket',
    action: 'open',
    ports: [server.port],
    path,
    protocols,
    connections,
    steps: [...sign, ...join],
  })
}

async function close(bench: Bench): Promise<void> {
  await bench.generator.run({ kind: 'socket', action: 'close' })
  await settle()
}

async function measure(bench: Bench, target: SocketTarget, connections: number): Promise<Record<string, number>> {
  const { pid } = target.server
  // The first connections load code and grow the heap once: they are not what a connection costs.
  await open(bench, target, 200)
  await close(bench)
  const before = await collected(bench, pid)
  const { seconds } = await open(bench, target, connections)
  const after = await collected(bench, pid)
  return {
    perConnection: (after.rss - before.rss) / connections / 1_024,
    heap: (after.heap - before.heap) / connections / 1_024,
    rss: after.rss / 1_048_576,
    openPerSecond: connections / seconds,
  }
}

/** Memory of idle, authenticated, subscribed connections. Every round starts a server anew: memory once grown seldom shrinks. */
function idle(connections: keyof typeof SIZES, most: number): SocketLoad {
  return async (bench, starts) => {
    const rounds = Math.min(most, bench.rounds)
    const samples: Record<string, Samples> = {}
    // What a target prepares at its very first start (accounts, a room) must not be in any round's memory.
    for (const start of Object.values(starts)) await (await start()).server.stop()
    for (let round = 0; round < rounds; round++) {
      for (const [name, start] of Object.entries(starts)) {
        const target = await start()
        try {
          note(samples, name, await measure(bench, target, connections))
        } finally {
          await close(bench)
          await target.server.stop()
        }
      }
    }
    const title = 'RSS KiB/connection'
    const { ws, socketIo } = SIZES[connections]
    return {
      load: `socket-idle-${connections}`,
      title: `${connections.toLocaleString('en')} idle WebSocket connections`,
      about: `${connections} authenticated connections that follow one room and say nothing; memory after a forced collection, less what it was before them. A server that has freed much while it started has room for connections already, so that its resident memory grows by less than they hold: read it together with the heap.`,
      ...tables(
        samples,
        [
          { key: 'perConnection', title, digits: 1 },
          { key: 'heap', title: 'JavaScript heap KiB/connection', digits: 1 },
          { key: 'rss', title: 'RSS MiB with all', digits: 0 },
          { key: 'openPerSecond', title: 'opened/s', digits: 0 },
        ],
        [
          { key: 'perConnection', title, a: 'Parley', b: 'ws', figure: { atMost: ws } },
          { key: 'perConnection', title, a: 'Parley', b: 'Socket.IO', figure: { atMost: socketIo } },
          { key: 'heap', title: 'heap/connection', a: 'Parley', b: 'ws' },
        ],
      ),
      rounds,
      remarks: [],
    }
  }
}

/** Two thousand. */
export const socketIdle2k = idle(2_000, 3)
/** Ten thousand. */
export const socketIdle10k = idle(10_000, 2)

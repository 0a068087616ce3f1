import { existsSync, readFileSync, rmSync } from 'node:fs'
import { residentBytes } from '../lib/proc.ts'
import type { LoadResult } from '../lib/result.ts'
import { median, pairedRatio } from '../lib/stats.ts'
import type { Bench, SocketTarget } from '../lib/target.ts'
import { memoryFile } from '../targets/baseline-sockets.ts'

const CONNECTIONS = 2_000
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
  const { path, protocols, greeting } = target
  const port = target.server.port
  return bench.generator.run({
    kind: 'socket',
    action: 'open',
    port,
    path,
    protocols,
    connections,
    greeting,
    first: [],
    ready: '',
  })
}

async function close(bench: Bench): Promise<void> {
  await bench.generator.run({ kind: 'socket', action: 'close' })
  await settle()
}

/** Memory of idle authenticated connections. Every round starts a server anew: memory once grown seldom shrinks. */
export async function socketIdle(
  bench: Bench,
  starts: Record<string, () => Promise<SocketTarget>>,
): Promise<Omit<LoadResult, 'at' | 'machine'>> {
  const rounds = Math.min(3, bench.rounds)
  const samples: Record<string, { perConnection: number[]; heap: number[]; rss: number[]; openPerSecond: number[] }> =
    {}
  // What a target prepares at its very first start (accounts, a room) must not be in any round's memory.
  for (const start of Object.values(starts)) await (await start()).server.stop()
  for (let round = 0; round < rounds; round++) {
    for (const [name, start] of Object.entries(starts)) {
      const target = await start()
      try {
        // The first connections load code and grow the heap once: they are not what a connection costs.
        await open(bench, target, 200)
        await close(bench)
        const before = await collected(bench, target.server.pid)
        const { seconds } = await open(bench, target, CONNECTIONS)
        const after = await collected(bench, target.server.pid)
        samples[name] ??= { perConnection: [], heap: [], rss: [], openPerSecond: [] }
        samples[name].perConnection.push((after.rss - before.rss) / CONNECTIONS / 1_024)
        samples[name].heap.push((after.heap - before.heap) / CONNECTIONS / 1_024)
        samples[name].rss.push(after.rss / 1_048_576)
        samples[name].openPerSecond.push(CONNECTIONS / seconds)
      } finally {
        await close(bench)
        await target.server.stop()
      }
    }
  }
  const rows = Object.entries(samples).map(([target, of]) => ({
    target,
    values: {
      perConnection: median(of.perConnection),
      heap: median(of.heap),
      rss: median(of.rss),
      openPerSecond: median(of.openPerSecond),
    },
  }))
  const ratio = (a: string, b: string) =>
    samples[a] && samples[b]
      ? [
          {
            name: `KiB/connection, ${a} / ${b}`,
            value: pairedRatio(samples[a].perConnection, samples[b].perConnection),
          },
        ]
      : []
  return {
    load: 'socket-idle',
    title: 'Idle WebSocket connections',
    about: `${CONNECTIONS} authenticated connections that say nothing; memory after a forced collection, less what it was before them. A server that has freed much while it started has room for connections already, so that its resident memory grows by less than they hold: read it together with the heap.`,
    columns: [
      { key: 'perConnection', title: 'RSS KiB/connection', digits: 1 },
      { key: 'heap', title: 'JavaScript heap KiB/connection', digits: 1 },
      { key: 'rss', title: 'RSS MiB with all', digits: 0 },
      { key: 'openPerSecond', title: 'opened/s', digits: 0 },
    ],
    rows,
    ratios: [...ratio('Parley', 'ws'), ...ratio('Parley', 'ws+JWT')],
    rounds,
    remarks: [],
  }
}

import { residentBytes } from '../lib/proc.ts'
import type { LoadResult } from '../lib/result.ts'
import { median, pairedRatio } from '../lib/stats.ts'
import type { Bench, SocketTarget } from '../lib/target.ts'

const CONNECTIONS = 2_000
const settle = () => new Promise((resolve) => setTimeout(resolve, 400))

async function collectedBytes(pid: number): Promise<number> {
  process.kill(pid, 'SIGUSR2')
  await settle()
  return residentBytes(pid)
}

async function open(bench: Bench, target: SocketTarget, connections: number) {
  const { path, protocols, idleReady } = target
  const port = target.server.port
  return bench.generator.run({
    kind: 'socket',
    action: 'open',
    port,
    path,
    protocols,
    connections,
    first: [],
    ready: idleReady,
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
  const samples: Record<string, { perConnection: number[]; rss: number[]; openPerSecond: number[] }> = {}
  for (let round = 0; round < rounds; round++) {
    for (const [name, start] of Object.entries(starts)) {
      const target = await start()
      try {
        // The first connections load code and grow the heap once: they are not what a connection costs.
        await open(bench, target, 200)
        await close(bench)
        const before = await collectedBytes(target.server.pid)
        const { seconds } = await open(bench, target, CONNECTIONS)
        const after = await collectedBytes(target.server.pid)
        samples[name] ??= { perConnection: [], rss: [], openPerSecond: [] }
        samples[name].perConnection.push((after - before) / CONNECTIONS / 1_024)
        samples[name].rss.push(after / 1_048_576)
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
    about: `${CONNECTIONS} authenticated connections that say nothing; resident memory after a forced collection, less what it was before them.`,
    columns: [
      { key: 'perConnection', title: 'KiB/connection', digits: 1 },
      { key: 'rss', title: 'RSS MiB with all', digits: 0 },
      { key: 'openPerSecond', title: 'opened/s', digits: 0 },
    ],
    rows,
    ratios: [...ratio('Parley', 'ws'), ...ratio('Parley', 'ws+JWT')],
    rounds,
    remarks: [],
  }
}

import { cpuSeconds } from '../lib/proc.ts'
import type { LoadResult } from '../lib/result.ts'
import { median, pairedRatio } from '../lib/stats.ts'
import type { Bench, SocketTarget } from '../lib/target.ts'

const MEMBERS = 1_000
const WINDOW = 4

interface Samples {
  deliveriesPerSecond: number[]
  p50: number[]
  p99: number[]
  cpuMicros: number[]
  generatorBusy: number[]
}

async function measure(bench: Bench, target: SocketTarget, into: Samples | undefined): Promise<void> {
  const { publish } = target
  const milliseconds = bench.seconds * 1_000
  const before = cpuSeconds(target.server.pid)
  const outcome = await bench.generator.run({
    kind: 'socket',
    action: 'fan-out',
    publish,
    window: WINDOW,
    milliseconds,
  })
  const cpu = cpuSeconds(target.server.pid) - before
  into?.deliveriesPerSecond.push(outcome.deliveries / outcome.seconds)
  into?.p50.push(outcome.p50)
  into?.p99.push(outcome.p99)
  into?.cpuMicros.push((cpu / outcome.deliveries) * 1e6)
  into?.generatorBusy.push(outcome.generatorBusy)
}

/** A room of 1,000 members: every message that one connection publishes reaches all others. */
export async function fanOut(
  bench: Bench,
  starts: Record<string, () => Promise<SocketTarget>>,
): Promise<Omit<LoadResult, 'at' | 'machine'>> {
  const rounds = Math.min(3, bench.rounds)
  const samples: Record<string, Samples> = {}
  for (let round = 0; round < rounds; round++) {
    for (const [name, start] of Object.entries(starts)) {
      const target = await start()
      samples[name] ??= { deliveriesPerSecond: [], p50: [], p99: [], cpuMicros: [], generatorBusy: [] }
      try {
        const { path, protocols, greeting, join: first, joined: ready } = target
        const port = target.server.port
        const connections = MEMBERS + 1
        const room = { port, path, protocols, connections, greeting, first, ready }
        await bench.generator.run({ kind: 'socket', action: 'open', ...room })
        await measure(bench, target, undefined)
        await measure(bench, target, samples[name])
      } finally {
        await bench.generator.run({ kind: 'socket', action: 'close' })
        await target.server.stop()
      }
    }
  }
  const remarks: string[] = []
  const rows = Object.entries(samples).map(([target, of]) => {
    if (median(of.generatorBusy) > 0.85)
      remarks.push(`The receivers were the limit against ${target}: mind its CPU column only.`)
    const keys = ['deliveriesPerSecond', 'p50', 'p99', 'cpuMicros'] as const
    return { target, values: Object.fromEntries(keys.map((key) => [key, median(of[key])])) }
  })
  const ratio = (a: string, b: string) =>
    samples[a] && samples[b]
      ? [{ name: `CPU/delivery, ${a} / ${b}`, value: pairedRatio(samples[a].cpuMicros, samples[b].cpuMicros) }]
      : []
  return {
    load: 'fan-out',
    title: 'Fan-out to 1,000 members',
    about: `One connection publishes, ${MEMBERS} others of the room receive; ${WINDOW} messages on their way at any time. Parley commits every message to PostgreSQL before it delivers it, the baselines store nothing.`,
    columns: [
      { key: 'deliveriesPerSecond', title: 'deliveries/s', digits: 0 },
      { key: 'p50', title: 'p50 ms', digits: 1 },
      { key: 'p99', title: 'p99 ms', digits: 1 },
      { key: 'cpuMicros', title: 'server CPU µs/delivery', digits: 2 },
    ],
    rows,
    ratios: [...ratio('Parley', 'ws'), ...ratio('Parley', 'ws+JWT')],
    rounds,
    remarks,
  }
}

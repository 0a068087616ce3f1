import { cpuSeconds } from '../lib/proc.ts'
import type { Column, LoadResult, Ratio } from '../lib/result.ts'
import type { FanOutOrder } from '../lib/socket-fan-out.ts'
import { median, pairedRatio } from '../lib/stats.ts'
import type { Bench, SocketTarget } from '../lib/target.ts'

/** A load of the socket targets: what the harness adds is when and on which machine. */
export type SocketLoad = (bench: Bench, starts: Starts) => Promise<Omit<LoadResult, 'at' | 'machine'>>
export type Starts = Record<string, () => Promise<SocketTarget>>

/** Numbers of the rounds of one target, by name. */
export type Samples = Record<string, number[]>

/** Adds the numbers of one round. */
export function note(samples: Record<string, Samples>, target: string, round: Record<string, number>): void {
  samples[target] ??= {}
  for (const [key, value] of Object.entries(round)) {
    samples[target][key] ??= []
    samples[target][key].push(value)
  }
}

/** A promised quotient of two targets; left out where one of them did not run. */
export interface Wanted {
  key: string
  title: string
  a: string
  b: string
  figure?: Ratio['figure']
}

/** Rows of medians and quotients of neighbouring rounds. */
export function tables(samples: Record<string, Samples>, columns: Column[], wanted: Wanted[]) {
  const rows = Object.entries(samples).map(([target, of]) => ({
    target,
    values: Object.fromEntries(columns.map(({ key }) => [key, median(of[key] ?? [])])),
  }))
  const ratios = wanted.flatMap(({ key, title, a, b, figure }): Ratio[] => {
    const [above, below] = [samples[a]?.[key], samples[b]?.[key]]
    if (!above || !below) return []
    return [{ name: `${title}, ${a} / ${b}`, value: pairedRatio(above, below), ...(figure && { figure }) }]
  })
  return { columns, rows, ratios }
}

/** Remarks on targets whose receivers were busier than they. */
export const busyRemarks = (samples: Record<string, Samples>): string[] =>
  Object.entries(samples)
    .filter(([, of]) => median(of.generatorBusy ?? []) > 0.85)
    .map(([target]) => `The receivers were the limit against ${target}: mind its CPU column only.`)

/** Before anything counts: messages in flight, and for how long, ms. */
const WARM_UP_WINDOW = 4
const WARM_UP_MS = 2_000

/** What is done to a room of so many members. */
export interface RoomPlan {
  members: number
  rounds: number
  order: Pick<FanOutOrder, 'window' | 'milliseconds' | 'perSecond'>
}

/** Fills the room of each target in turn, warms it up, and measures. */
export async function measureRooms(bench: Bench, starts: Starts, plan: RoomPlan): Promise<Record<string, Samples>> {
  const samples: Record<string, Samples> = {}
  for (let round = 0; round < plan.rounds; round++) {
    // The order is turned round every time.
    const names = Object.keys(starts)
    for (const name of round % 2 === 0 ? names : names.reverse()) {
      const target = await starts[name]!()
      try {
        note(samples, name, await measureRoom(bench, target, plan))
      } finally {
        await bench.generator.run({ kind: 'socket', action: 'close' })
        await target.server.stop()
      }
    }
  }
  return samples
}

async function measureRoom(bench: Bench, target: SocketTarget, { members, order }: RoomPlan) {
  const { path, protocols, sign, join, publish, server } = target
  const steps = [...sign, ...join]
  await bench.generator.run({
    kind: 'socket',
    action: 'open',
    ports: [server.port],
    path,
    protocols,
    connections: members + 1,
    steps,
  })
  const run = { kind: 'socket', action: 'fan-out', publish, ...order } as const
  // As fast as it goes, whatever the pace later: a server that has run for a while is measured, not the compiler at its first messages.
  await bench.generator.run({ ...run, window: WARM_UP_WINDOW, perSecond: undefined, milliseconds: WARM_UP_MS })
  const before = cpuSeconds(server.pid)
  const outcome = await bench.generator.run(run)
  const cpu = cpuSeconds(server.pid) - before
  return {
    perSecond: outcome.messages / outcome.seconds,
    deliveriesPerSecond: outcome.deliveries / outcome.seconds,
    p50: outcome.p50,
    p99: outcome.p99,
    cpuMicros: (cpu / outcome.deliveries) * 1e6,
    generatorBusy: outcome.generatorBusy,
  }
}

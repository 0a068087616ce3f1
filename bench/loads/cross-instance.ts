import type { LoadResult } from '../lib/result.ts'
import type { Bench, SocketTarget } from '../lib/target.ts'
import { note, type Samples, tables } from './room.ts'

/** Two instances over one bus: how to start one of them. */
export type Buses = Record<string, () => Promise<SocketTarget>>

const FIGURES: Record<string, number> = { PostgreSQL: 5, Redis: 2 }

/** One writes on the first instance; members on the first and on the second receive. */
export async function crossInstance(bench: Bench, buses: Buses): Promise<Omit<LoadResult, 'at' | 'machine'>> {
  const rounds = Math.min(3, bench.rounds)
  const samples: Record<string, Samples> = {}
  for (let round = 0; round < rounds; round++) {
    for (const [bus, start] of Object.entries(buses)) {
      const first = await start()
      const second = await start()
      try {
        const { path, protocols, sign, join, publish } = first
        const ports = [first.server.port, second.server.port]
        const steps = [...sign, ...join]
        // The first connection is the writer's, on the first instance; the others take turns: 10 on each.
        await bench.generator.run({
          kind: 'socket',
          action: 'open',
          ports,
          path,
          protocols,
          connections: 21,
          steps,
        })
        const order = { kind: 'socket', action: 'fan-out', publish, window: 64, perSecond: 50 } as const
        await bench.generator.run({ ...order, milliseconds: 1_000 })
        const outcome = await bench.generator.run({ ...order, milliseconds: Math.max(3_000, bench.seconds * 2_000) })
        // In the order in which the members were opened: the second connection is on the second instance.
        const [other = Number.NaN, same = Number.NaN] = outcome.byPort
        note(samples, bus, { same, other, added: other - same, p99: outcome.p99 })
      } finally {
        await bench.generator.run({ kind: 'socket', action: 'close' })
        await Promise.all([first.server.stop(), second.server.stop()])
      }
    }
  }
  const { columns, rows } = tables(
    samples,
    [
      { key: 'same', title: 'p50 ms, same instance', digits: 2 },
      { key: 'other', title: 'p50 ms, other instance', digits: 2 },
      { key: 'added', title: 'added by the way', digits: 2 },
      { key: 'p99', title: 'p99 ms of all', digits: 2 },
    ],
    [],
  )
  return {
    load: 'cross-instance',
    title: 'From one instance to another',
    about:
      'A message written on one instance, from its sending to its arrival at members on the same and on another instance, which hears of it over the bus and reads it from the table; the commit to disk is in both. 50 messages a second, 10 members on each.',
    columns,
    rows,
    ratios: rows.map(({ target, values }) => ({
      name: `p50 ms to the other instance, over ${target}`,
      value: values.other ?? Number.NaN,
      figure: { atMost: FIGURES[target] ?? Number.NaN },
    })),
    rounds,
    remarks: 'Redis' in buses ? [] : ['There is no Redis on this machine: only PostgreSQL was measured.'],
  }
}

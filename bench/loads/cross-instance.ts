import type { LoadResult } from '../lib/result.ts'
import type { Bench, SocketTarget } from '../lib/target.ts'
import { note, type Samples, tables } from './room.ts'

/** A way from one instance to another. */
export interface Way {
  /** Starts one of the two instances. */
  start: () => Promise<SocketTarget>
  /** p50 to the other instance, ms. */
  atMost?: number
}
export type Ways = Record<string, Way>

/** One writes on the first instance; members on the first and on the second receive. */
export async function crossInstance(bench: Bench, ways: Ways): Promise<Omit<LoadResult, 'at' | 'machine'>> {
  const rounds = Math.min(3, bench.rounds)
  const samples: Record<string, Samples> = {}
  for (let round = 0; round < rounds; round++) {
    for (const [name, { start }] of Object.entries(ways)) {
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
        note(samples, name, { same, other, added: other - same, p99: outcome.p99 })
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
      'From the sending on one instance to the arrival at members on the same and on another instance: of a message, whose commit to disk is in both, and of a piece of an answer, which is not stored and takes the same way over the bus. 50 a second, 10 members on each.',
    columns,
    rows,
    ratios: rows.map(({ target, values }) => {
      const atMost = ways[target]?.atMost
      const name = `p50 ms to the other instance, ${target}`
      return { name, value: values.other ?? Number.NaN, ...(atMost !== undefined && { figure: { atMost } }) }
    }),
    rounds,
    remarks: Object.keys(ways).some((name) => name.startsWith('Redis'))
      ? []
      : ['There is no Redis on this machine: only PostgreSQL was measured.'],
  }
}

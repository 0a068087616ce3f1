import type { Column } from '../lib/result.ts'
import { busyRemarks, measureRooms, note, type Samples, type SocketLoad, tables } from './room.ts'

const MEMBERS = 100
/** A paced round: 500 messages, of which the slowest hundredth is more than chance. */
const PACED_MS = 10_000
const columns: Column[] = [
  { key: 'p50', title: 'paced p50 ms', digits: 2 },
  { key: 'p99', title: 'paced p99 ms', digits: 2 },
  { key: 'perSecond', title: 'saturated messages/s', digits: 0 },
  { key: 'cpuMicros', title: 'saturated server CPU µs/delivery', digits: 2 },
]

/** A message that is on the disk before anybody sees it: paced for the time it takes, saturated for how many there can be. */
export const persistedSend: SocketLoad = async (bench, starts) => {
  const rounds = Math.min(5, bench.rounds)
  const chosen = Object.fromEntries(
    Object.entries(starts).filter(([name]) => name === 'Parley' || name === 'ws+INSERT'),
  )
  const paced = await measureRooms(bench, chosen, {
    members: MEMBERS,
    rounds,
    order: { window: 64, perSecond: 50, milliseconds: Math.max(PACED_MS, bench.seconds * 3_000) },
  })
  const full = await measureRooms(bench, chosen, {
    members: MEMBERS,
    rounds,
    order: { window: 64, milliseconds: bench.seconds * 2_000 },
  })
  const samples: Record<string, Samples> = {}
  for (const name of Object.keys(chosen)) {
    const { p50 = [], p99 = [] } = paced[name] ?? {}
    const { perSecond = [], cpuMicros = [], generatorBusy = [] } = full[name] ?? {}
    for (let round = 0; round < rounds; round++) {
      const of = { p50, p99, perSecond, cpuMicros, generatorBusy }
      note(
        samples,
        name,
        Object.fromEntries(Object.entries(of).map(([key, values]) => [key, values[round] ?? Number.NaN])),
      )
    }
  }
  return {
    load: 'persisted-send',
    title: 'Persisted send to 100 members',
    about:
      'A message is written to PostgreSQL and then delivered to 100 members: Parley writes the row and its numbered event, ws+INSERT one row for each message. Paced: 50 a second. Saturated: 64 in flight.',
    ...tables(samples, columns, [
      { key: 'p99', title: 'paced p99', a: 'Parley', b: 'ws+INSERT', figure: { atMost: 1.15 } },
      { key: 'perSecond', title: 'saturated messages/s', a: 'Parley', b: 'ws+INSERT', figure: { atLeast: 3 } },
    ]),
    rounds,
    remarks: busyRemarks(samples),
  }
}

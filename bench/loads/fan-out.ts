import type { Column } from '../lib/result.ts'
import { busyRemarks, measureRooms, type SocketLoad, tables, type Wanted } from './room.ts'

/** Parley as it hands on what it does not store: what the baselines do with everything. */
export const UNSTORED = 'Parley, not stored'
const MEMBERS = 1_000
const columns: Column[] = [
  { key: 'deliveriesPerSecond', title: 'deliveries/s', digits: 0 },
  { key: 'p50', title: 'p50 ms', digits: 1 },
  { key: 'p99', title: 'p99 ms', digits: 1 },
  { key: 'cpuMicros', title: 'server CPU µs/delivery', digits: 2 },
]
const about = `Messages of 200 bytes. One connection publishes, ${MEMBERS} others of the room receive. The baselines store nothing, so they are compared with pieces of answers, which Parley does not store either; its messages are committed to PostgreSQL before they are delivered.`

const throughput = (a: string, b: string, atLeast?: number): Wanted => ({
  key: 'deliveriesPerSecond',
  title: 'deliveries/s',
  a,
  b,
  ...(atLeast !== undefined && { figure: { atLeast } }),
})

/** A saturated room: so many messages are on their way at any time. */
function saturated(window: number, wanted: Wanted[]): SocketLoad {
  return async (bench, starts) => {
    const rounds = Math.min(3, bench.rounds)
    const order = { window, milliseconds: bench.seconds * 2_000 }
    const samples = await measureRooms(bench, starts, { members: MEMBERS, rounds, order })
    return {
      load: `fan-out-${window}`,
      title: `Saturated fan-out to 1,000 members, ${window} messages in flight`,
      about: `${about} ${window} messages are on their way at any time.`,
      ...tables(samples, columns, wanted),
      rounds,
      remarks: busyRemarks(samples),
    }
  }
}

/** A quiet room: ten messages a second, as people write. */
export const fanOutPaced: SocketLoad = async (bench, starts) => {
  const rounds = Math.min(3, bench.rounds)
  const order = { window: 64, perSecond: 10, milliseconds: Math.max(3_000, bench.seconds * 3_000) }
  const samples = await measureRooms(bench, starts, { members: MEMBERS, rounds, order })
  const wanted = (['p50', 'p99'] as const).flatMap((key): Wanted[] => [
    { key, title: key, a: UNSTORED, b: 'ws', figure: { atMost: 1.1 } },
    { key, title: key, a: UNSTORED, b: 'Socket.IO' },
    { key, title: key, a: 'Parley', b: 'ws' },
  ])
  return {
    load: 'fan-out-paced',
    title: 'Fan-out to 1,000 members, 10 messages a second',
    about: `${about} Ten messages a second, whatever became of those before.`,
    ...tables(samples, columns, wanted),
    rounds,
    remarks: busyRemarks(samples),
  }
}

/** Four messages in flight. */
export const fanOut4 = saturated(4, [
  throughput(UNSTORED, 'ws', 1.1),
  throughput(UNSTORED, 'Socket.IO'),
  throughput('Parley', 'ws', 1.1),
])
/** Sixteen: where writes coalesce. */
export const fanOut16 = saturated(16, [
  throughput(UNSTORED, 'ws', 3),
  throughput(UNSTORED, 'Socket.IO', 5),
  throughput('Parley', 'ws', 3),
  throughput('Parley', 'Socket.IO'),
])

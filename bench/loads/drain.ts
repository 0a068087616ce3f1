import type { LoadResult } from '../lib/result.ts'
import type { Bench, SocketTarget } from '../lib/target.ts'
import { note, type Samples, tables } from './room.ts'

const CONNECTIONS = 5_000
/** Two milliseconds for each: how the server spreads them. */
const EVEN = 50

/** An instance goes away as at a deploy while another one stands by: how its clients come to that. */
export async function drain(
  bench: Bench,
  start: () => Promise<SocketTarget>,
): Promise<Omit<LoadResult, 'at' | 'machine'>> {
  const samples: Record<string, Samples> = {}
  const leaving = await start()
  const staying = await start()
  try {
    const { path, protocols, sign, join } = leaving
    const way = { kind: 'socket' as const, path, protocols, steps: [...sign, ...join] }
    await bench.generator.run({
      ...way,
      action: 'open',
      ports: [leaving.server.port],
      connections: CONNECTIONS,
    })
    const returning = bench.generator.run({ ...way, action: 'return', ports: [staying.server.port] })
    await leaving.server.stop()
    const { connections, seconds, peak } = await returning
    note(samples, 'Parley', { connections, seconds, peak, lost: CONNECTIONS - connections })
  } finally {
    await bench.generator.run({ kind: 'socket', action: 'close' })
    await Promise.all([leaving.server.stop(), staying.server.stop()])
  }
  const { columns, rows } = tables(
    samples,
    [
      { key: 'connections', title: 'back', digits: 0 },
      { key: 'seconds', title: 'seconds from SIGTERM to the last one', digits: 1 },
      { key: 'peak', title: 'most in a tenth of a second', digits: 0 },
    ],
    [],
  )
  const { lost = Number.NaN, peak = Number.NaN } = { lost: samples.Parley?.lost?.[0], peak: samples.Parley?.peak?.[0] }
  return {
    load: 'drain',
    title: 'A deploy with 5,000 connections',
    about: `${CONNECTIONS} authenticated and subscribed connections are sent away with SIGTERM; each comes to another instance at the moment it was told, within ten seconds, and subscribes again. Evenly spread that is ${EVEN} in a tenth of a second.`,
    columns,
    rows,
    ratios: [
      { name: 'clients that did not come back', value: lost, figure: { atMost: 0 } },
      { name: 'fullest tenth of a second / even', value: peak / EVEN, figure: { atMost: 1.5 } },
    ],
    rounds: 1,
    remarks: [],
  }
}

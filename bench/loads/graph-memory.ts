import { madeBody } from '../lib/bodies.ts'
import { residentBytes } from '../lib/proc.ts'
import type { LoadResult } from '../lib/result.ts'
import { median } from '../lib/stats.ts'
import type { Bench } from '../lib/target.ts'
import { startParleyGraph } from '../targets/parley-graph.ts'
import { note, type Samples, tables } from './room.ts'

const SIZE = { modules: 5_000, functions: 19 }
const columns = [
  { key: 'before', title: 'RSS before, MiB', digits: 0 },
  { key: 'peak', title: 'most while it ran, MiB', digits: 0 },
  { key: 'seconds', title: 's', digits: 1 },
  { key: 'nodes', title: 'nodes', digits: 0 },
  { key: 'edges', title: 'edges', digits: 0 },
]

/** What the server holds in memory while it analyses a large source. */
export async function graphMemory(bench: Bench, server: string): Promise<Omit<LoadResult, 'at' | 'machine'>> {
  const rounds = Math.min(2, bench.rounds)
  const samples: Record<string, Samples> = {}
  const body = madeBody(SIZE)
  for (let round = 0; round < rounds; round++) {
    const target = await startParleyGraph(bench, server)
    try {
      const uploadId = await target.upload(body)
      const before = residentBytes(target.server.pid) / 1_048_576
      const { peak, seconds, nodes, edges } = await target.order(uploadId)
      note(samples, 'Parley', { before, peak, seconds, nodes, edges })
    } finally {
      await target.server.stop()
    }
  }
  const { rows } = tables(samples, columns, [])
  return {
    load: 'graph-memory',
    title: 'Memory of a large analysis',
    about: `A made code base of ${SIZE.modules} files, analysed by a fresh server: the most that its process, threads included, held at any moment of its life (VmHWM).`,
    columns,
    rows,
    ratios: [{ name: 'peak RSS, MiB', value: median(samples.Parley?.peak ?? []), figure: { atMost: 600 } }],
    rounds,
    remarks: [],
  }
}

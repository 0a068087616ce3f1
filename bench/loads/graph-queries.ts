import { madeBody } from '../lib/bodies.ts'
import type { LoadResult, Ratio } from '../lib/result.ts'
import { median } from '../lib/stats.ts'
import { type Bench, rawRequest } from '../lib/target.ts'
import { type GraphTarget, startParleyGraph } from '../targets/parley-graph.ts'
import { note, type Samples, tables } from './room.ts'

const SIZE = { modules: 1_000, functions: 19 }
const ASKED = 200
const CONNECTIONS = 2

interface Page {
  nodes: { id: string; kind: string }[]
  counts: { nodes: number; edges: number }
  nextCursor: string | null
}

/** Ids of functions and modules from all over the graph. */
async function someNodes({ call, token }: GraphTarget, sourceId: string) {
  const ids: string[] = []
  let counts = { nodes: 0, edges: 0 }
  let cursor: string | null = ''
  while (cursor !== null) {
    const next: Page = await call(
      `/api/graph?sourceId=${sourceId}&kinds=function,file&limit=1000${cursor && `&cursor=${cursor}`}`,
      { token },
    )
    counts = next.counts
    ids.push(...next.nodes.map(({ id }) => id))
    cursor = next.nextCursor
  }
  const step = Math.max(1, Math.floor(ids.length / ASKED))
  return { counts, ids: ids.filter((_, at) => at % step === 0) }
}

/** Walks of the graph and figures of the whole, asked over HTTP. */
export async function graphQueries(bench: Bench, server: string): Promise<Omit<LoadResult, 'at' | 'machine'>> {
  const samples: Record<string, Samples> = {}
  const whole: Record<string, number[]> = { rank: [], communities: [] }
  const target = await startParleyGraph(bench, server)
  let counts = { nodes: 0, edges: 0 }
  const rounds = Math.min(3, bench.rounds)
  try {
    const body = madeBody(SIZE)
    const { sourceId } = await target.analyse(body)
    const some = await someNodes(target, sourceId)
    counts = some.counts
    const { port } = target.server
    const get = (path: string) => rawRequest(port, path, { token: target.token })
    const { ids } = some
    const other = (at: number) => ids[(at * 7 + 13) % ids.length]
    const asked: Record<string, string[]> = {
      'neighbours, 1 step': ids.map((id) => get(`/api/nodes/${id}/neighbors`)),
      'neighbours, 3 steps': ids.map((id) => get(`/api/nodes/${id}/neighbors?depth=3`)),
      path: ids.map((id, at) => get(`/api/graph/path?from=${id}&to=${other(at)}`)),
      impact: ids.map((id) => get(`/api/nodes/${id}/impact`)),
    }
    for (let round = 0; round < rounds; round++) {
      for (const [name, requests] of Object.entries(asked)) {
        const milliseconds = Math.max(2_000, bench.seconds * 1_000)
        const order = {
          kind: 'http',
          port,
          requests,
          connections: CONNECTIONS,
          milliseconds,
          expectStatus: 200,
        } as const
        if (round === 0) await bench.generator.run({ ...order, milliseconds: 1_000 })
        const { p50, p95, p99, wrong, requests: answers, seconds } = await bench.generator.run(order)
        if (wrong > 0) throw new Error(`${name}: ${wrong} answers were wrong`)
        note(samples, name, { p50, p95, p99, perSecond: answers / seconds })
      }
      // Each revision is worked out once: another one for each round.
      await target.analyse(new Map(body).set(`README.md`, `# Round ${round}\n`), sourceId)
      for (const [name, times] of Object.entries(whole)) {
        const began = performance.now()
        await target.call(`/api/graph/${name}?sourceId=${sourceId}`, { token: target.token })
        times.push((performance.now() - began) / 1_000)
      }
    }
  } finally {
    await target.server.stop()
  }
  const columns = [
    { key: 'p50', title: 'p50 ms', digits: 1 },
    { key: 'p95', title: 'p95 ms', digits: 1 },
    { key: 'p99', title: 'p99 ms', digits: 1 },
    { key: 'perSecond', title: 'answers/s', digits: 0 },
  ]
  const { rows } = tables(samples, columns, [])
  const p95 = rows.map(
    ({ target: name, values }): Ratio => ({
      name: `p95 ms, ${name}`,
      value: values.p95 ?? Number.NaN,
      figure: { atMost: 50 },
    }),
  )
  const seconds = Object.entries(whole).map(
    ([name, times]): Ratio => ({ name: `seconds, ${name}`, value: median(times), figure: { atMost: 3 } }),
  )
  return {
    load: 'graph-queries',
    title: 'Questions to a graph',
    about: `A made code base of ${counts.nodes} nodes and ${counts.edges} edges; ${CONNECTIONS} connections ask about ${ASKED} nodes from all over it in turn. Rank and communities are worked out once for each revision: here their first answer.`,
    columns,
    rows,
    ratios: [...p95, ...seconds],
    rounds,
    remarks: [],
  }
}

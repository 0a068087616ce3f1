import { type Body, below, packageBody } from '../lib/bodies.ts'
import type { HttpOrder } from '../lib/http-load.ts'
import type { LoadResult } from '../lib/result.ts'
import { type Bench, rawRequest } from '../lib/target.ts'
import { type GraphTarget, startParleyGraph } from '../targets/parley-graph.ts'
import { note, type Samples, tables } from './room.ts'

const PER_SECOND = 200
const CONNECTIONS = 10
const SLICE_MS = 1_000
const columns = [
  { key: 'p50', title: 'p50 ms', digits: 2 },
  { key: 'p95', title: 'p95 ms', digits: 2 },
  { key: 'p99', title: 'p99 ms', digits: 2 },
]

/** Answers for one second; asked at a fixed rate, so that a slow server is not asked less. */
async function slice(bench: Bench, port: number, request: string) {
  const order: HttpOrder = {
    kind: 'http',
    port,
    requests: [request],
    connections: CONNECTIONS,
    milliseconds: SLICE_MS,
    expectStatus: 200,
    perSecond: PER_SECOND,
  }
  const { wrong, p50, p95, p99 } = await bench.generator.run(order)
  if (wrong > 0) throw new Error(`${wrong} answers were wrong`)
  return { p50, p95, p99 }
}

/** Slices of both requests in turn while an analysis runs, then without one. */
async function oneRound(
  bench: Bench,
  target: GraphTarget,
  body: Body,
  requests: Record<string, string>,
  samples: Record<string, Samples>,
) {
  const uploadId = await target.upload(body)
  for (const request of Object.values(requests)) await slice(bench, target.server.port, request)
  let running = true
  const analysis = target.order(uploadId).finally(() => {
    running = false
  })
  let slices = 0
  while (running) {
    for (const [name, request] of Object.entries(requests)) {
      const seen = await slice(bench, target.server.port, request)
      if (running) note(samples, `${name}, beside an analysis`, seen)
    }
    slices++
  }
  await analysis
  for (let at = 0; at < slices; at++)
    for (const [name, request] of Object.entries(requests))
      note(samples, `${name}, alone`, await slice(bench, target.server.port, request))
}

/** What an analysis does to the answers that others get meanwhile. */
export async function analysisBeside(bench: Bench, server: string): Promise<Omit<LoadResult, 'at' | 'machine'>> {
  const rounds = Math.min(3, bench.rounds)
  const samples: Record<string, Samples> = {}
  const body = below(await packageBody('effect'), 'src')
  const target = await startParleyGraph(bench, server)
  try {
    const { port } = target.server
    const { call, token } = target
    const { id } = await call<{ id: string }>('/api/conversations', {
      token,
      body: { title: 'Read', assistant: 'off' },
    })
    const requests = {
      'GET /health': rawRequest(port, '/health'),
      'a conversation by id': rawRequest(port, `/api/conversations/${id}`, { token }),
    }
    for (let round = 0; round < rounds; round++) await oneRound(bench, target, body, requests, samples)
  } finally {
    await target.server.stop()
  }
  const { rows } = tables(samples, columns, [])
  const p99 = (name: string) => rows.find(({ target: of }) => of === name)?.values.p99 ?? Number.NaN
  return {
    load: 'analysis-beside',
    title: 'Answers beside an analysis',
    about: `While \`src\` of effect 3.22 is analysed and stored, ${PER_SECOND} requests a second over ${CONNECTIONS} connections, and the same without it. An answer that comes late counts from when its request was due. Generator, server, its analysis and PostgreSQL share the cores.`,
    columns,
    rows,
    ratios: ['GET /health', 'a conversation by id'].map((name) => ({
      name: `p99 ms, ${name}, beside an analysis`,
      value: p99(`${name}, beside an analysis`),
      figure: { atMost: 50 },
    })),
    rounds,
    remarks: [],
  }
}

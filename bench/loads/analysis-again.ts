import { type Body, below, packageBody } from '../lib/bodies.ts'
import type { LoadResult } from '../lib/result.ts'
import type { Bench } from '../lib/target.ts'
import { startParleyGraph } from '../targets/parley-graph.ts'
import { note, type Samples, tables } from './room.ts'

const columns = [
  { key: 'seconds', title: 's', digits: 2 },
  { key: 'cpu', title: 'CPU s', digits: 2 },
  { key: 'databaseCpu', title: 'PostgreSQL CPU s', digits: 2 },
]

/** A change of one file: another one in every round. */
type Change = [path: string, edit: (text: string, round: number) => string]

/** A body and changes of it. */
interface Case {
  name: string
  body: Body
  changes: Record<string, Change>
}

const CLEAN = 'all of it'

async function cases(): Promise<Case[]> {
  const effect = below(await packageBody('effect'), 'src')
  const gyp = await packageBody('gyp')
  const rxjs = await packageBody('rxjs')
  const changesOf = (body: Body, ending: string, hidden: Change[1], shown: Change[1]): Case['changes'] => {
    const files = [...body].filter(([path]) => path.endsWith(ending)).sort((a, b) => b[1].length - a[1].length)
    const [largest, usual] = [files[0]?.[0] as string, files[files.length >> 1]?.[0] as string]
    return {
      nothing: [usual, (text) => text],
      'a body': [usual, hidden],
      'an export': [usual, shown],
      'an export of the largest file': [largest, shown],
    }
  }
  const typescript = (body: Body) =>
    changesOf(
      body,
      '.ts',
      (text, round) => `${text}\nfunction hidden() { return ${round} }\n`,
      (text, round) => `${text}\nexport const shown${round} = ${round}\n`,
    )
  const python = (body: Body) =>
    changesOf(
      body,
      '.py',
      (text, round) => text.replace(/\n(\s+)return /, `\n$1x = ${round}\n$1return `),
      (text, round) => `${text}\ndef shown${round}():\n    return ${round}\n`,
    )
  return [
    { name: 'effect', body: effect, changes: typescript(effect) },
    { name: 'rxjs', body: rxjs, changes: typescript(rxjs) },
    { name: 'gyp', body: gyp, changes: python(gyp) },
  ]
}

/** What a change of one file costs against an analysis of everything. */
export async function analysisAgain(bench: Bench, server: string): Promise<Omit<LoadResult, 'at' | 'machine'>> {
  const rounds = Math.min(3, bench.rounds)
  const samples: Record<string, Samples> = {}
  const pairs: { title: string; a: string; b: string }[] = []
  const all = await cases()
  for (const { name, changes } of all)
    for (const change of Object.keys(changes))
      pairs.push({ title: change, a: `${name}: ${change}`, b: `${name}: ${CLEAN}` })
  for (let round = 0; round < rounds; round++) {
    const target = await startParleyGraph(bench, server)
    try {
      for (const { name, body, changes } of all) {
        const first = await target.analyse(body)
        note(samples, `${name}: ${CLEAN}`, numbers(first))
        for (const [change, [path, edit]] of Object.entries(changes)) {
          const text = (body.get(path) ?? '').toString()
          const edited = new Map(body).set(path, edit(text, round + 1))
          note(samples, `${name}: ${change}`, numbers(await target.analyse(edited, first.sourceId)))
          await target.analyse(body, first.sourceId)
        }
      }
    } finally {
      await target.server.stop()
    }
  }
  const wanted = pairs.flatMap(({ a, b }) => [
    { key: 'seconds', title: 'seconds', a, b, figure: { atMost: 0.1 } },
    { key: 'work', title: 'CPU', a, b, figure: { atMost: 0.1 } },
  ])
  const { rows, ratios } = tables(samples, columns, wanted)
  return {
    load: 'analysis-again',
    title: 'Analysis after a change of one file',
    about:
      'A source is sent once more, whole, with one file changed: one of the middle size, in what only the file itself sees and in what others see of it; and the largest. CPU is that of the server and of PostgreSQL together. effect has 236,000 lines, rxjs and gyp are small: there the fixed costs of a job show.',
    columns,
    rows,
    ratios,
    rounds,
    remarks: [],
  }
}

const numbers = ({ seconds, cpu, databaseCpu }: { seconds: number; cpu: number; databaseCpu: number }) => ({
  seconds,
  cpu,
  databaseCpu,
  work: cpu + databaseCpu,
})

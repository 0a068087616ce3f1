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

/** A body with a change of one file, and how to change it once more. */
interface Case {
  name: string
  body: Body
  path: string
  changes: Record<string, (text: string, round: number) => string>
}

const CLEAN = 'all of it'

async function cases(): Promise<Case[]> {
  const effect = below(await packageBody('effect'), 'src')
  const gyp = await packageBody('gyp')
  const rxjs = await packageBody('rxjs')
  const largest = (body: Body, ending: string) =>
    [...body].filter(([path]) => path.endsWith(ending)).sort((a, b) => b[1].length - a[1].length)[0]?.[0] as string
  const typescript: Case['changes'] = {
    nothing: (text) => text,
    'a body': (text, round) => `${text}\nfunction hidden() { return ${round} }\n`,
    'an export': (text, round) => `${text}\nexport const shown${round} = ${round}\n`,
  }
  return [
    { name: 'effect', body: effect, path: 'src/Effect.ts', changes: typescript },
    { name: 'rxjs', body: rxjs, path: largest(rxjs, '.ts'), changes: typescript },
    {
      name: 'gyp',
      body: gyp,
      path: largest(gyp, '.py'),
      changes: {
        'a body': (text, round) => text.replace(/\n(\s+)return /, `\n$1x = ${round}\n$1return `),
        'a name': (text, round) => `${text}\ndef shown${round}():\n    return ${round}\n`,
      },
    },
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
      for (const { name, body, path, changes } of all) {
        const first = await target.analyse(body)
        note(samples, `${name}: ${CLEAN}`, numbers(first))
        for (const [change, edit] of Object.entries(changes)) {
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
      'A source is sent once more, whole, with one file changed: in what only the file itself sees, and in what others see of it. CPU is that of the server and of PostgreSQL together. effect has 236,000 lines, rxjs and gyp are small: there the fixed costs of a job show.',
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

import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Body, below, linesOf, madeBody, packageBody, packages } from '../lib/bodies.ts'
import { endedChildrenCpuSeconds } from '../lib/proc.ts'
import type { LoadResult } from '../lib/result.ts'
import { median } from '../lib/stats.ts'
import type { Bench } from '../lib/target.ts'
import { startParleyGraph } from '../targets/parley-graph.ts'
import { note, type Samples, tables } from './room.ts'

const MANY = 2_600
const columns = [
  { key: 'seconds', title: 's', digits: 2 },
  { key: 'cpu', title: 'CPU s', digits: 2 },
  { key: 'databaseCpu', title: 'PostgreSQL CPU s', digits: 2 },
  { key: 'peak', title: 'peak RSS MiB', digits: 0 },
]

/** Runs a program to its end; its output is read and dropped. Undefined where there is no such program. */
function runTool(command: string, args: string[], cwd: string): Promise<Record<string, number> | undefined> {
  const before = endedChildrenCpuSeconds()
  const began = performance.now()
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, stdio: ['ignore', 'pipe', 'ignore'] })
    child.stdout.resume()
    child.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' ? resolve(undefined) : reject(error),
    )
    child.once('close', () =>
      resolve({ seconds: (performance.now() - began) / 1_000, cpu: endedChildrenCpuSeconds() - before }),
    )
  })
}

/** The same files as other tools read them: which files need which, and where each symbol is. */
async function runOthers(bench: Bench, body: Body, samples: Record<string, Samples>): Promise<void> {
  const directory = mkdtempSync(join(bench.workDir, 'others-'))
  try {
    for (const [path, content] of body) {
      mkdirSync(dirname(join(directory, path)), { recursive: true })
      writeFileSync(join(directory, path), content)
    }
    const script = join(bench.root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs')
    const options = ['--no-config', '--ts-pre-compilation-deps', '--output-type', 'json', 'src']
    const cruised = await runTool(process.execPath, [script, ...options], directory)
    const tagged = await runTool('ctags', ['-R', '--fields=+n', '--languages=TypeScript', '-f', '-', 'src'], directory)
    if (cruised) note(samples, 'dependency-cruiser', cruised)
    if (tagged) note(samples, 'ctags', tagged)
    const both = [cruised, tagged].filter((one) => one !== undefined)
    const sum = (key: string) => both.reduce((total, one) => total + (one[key] ?? 0), 0)
    note(samples, OTHERS, { seconds: sum('seconds'), cpu: sum('cpu') })
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const OTHERS = 'both'

/** Files of all the packages that lie beside the tests, and made ones until there are as many as wanted. */
async function manyFiles(): Promise<Body> {
  const body: Body = new Map()
  for (const name of packages()) {
    for (const [path, content] of await packageBody(name)) if (body.size < MANY) body.set(`${name}/${path}`, content)
  }
  const missing = MANY - body.size
  if (missing > 0)
    for (const [path, content] of madeBody({ modules: missing, functions: 10 })) body.set(`made/${path}`, content)
  return body
}

/** From the order of an analysis to its revision in PostgreSQL, and other tools on the same files. */
export async function analysis(bench: Bench, server: string): Promise<Omit<LoadResult, 'at' | 'machine'>> {
  const rounds = Math.min(3, bench.rounds)
  const effect = below(await packageBody('effect'), 'src')
  const many = await manyFiles()
  const samples: Record<string, Samples> = {}
  const own = `Parley, ${effect.size} files`
  const large = `Parley, ${many.size} files`
  for (let round = 0; round < rounds; round++) {
    for (const [name, body] of [
      [own, effect],
      [large, many],
    ] as const) {
      const target = await startParleyGraph(bench, server)
      try {
        const { seconds, cpu, databaseCpu, peak } = await target.analyse(body)
        note(samples, name, { seconds, cpu, databaseCpu, peak })
      } finally {
        await target.server.stop()
      }
    }
    await runOthers(bench, effect, samples)
  }
  const wanted = [
    { key: 'seconds', title: 'seconds', a: own, b: OTHERS, figure: { atMost: 1 } },
    { key: 'cpu', title: 'CPU', a: own, b: OTHERS },
  ]
  const { rows, ratios } = tables(samples, columns, wanted)
  const secondsOf = (name: string) => median(samples[name]?.seconds ?? [])
  return {
    load: 'analysis',
    title: 'Analysis of a code base',
    about: `\`src\` of effect 3.22 (${effect.size} files, ${linesOf(effect)} lines) and ${many.size} files of ${packages().length} published packages (${linesOf(many)} lines), each sent to a fresh server as a tar.gz: from \`POST /api/analyze\` to the end of its job, with nodes, edges and passages committed and indexed. dependency-cruiser and ctags read the files of the first from the disk, one after the other, and write nothing.`,
    columns,
    rows,
    ratios: [
      { name: `seconds, ${own}`, value: secondsOf(own), figure: { atMost: 8 } },
      { name: `seconds, ${large}`, value: secondsOf(large), figure: { atMost: 12 } },
      ...ratios,
    ],
    rounds,
    remarks: 'ctags' in samples ? [] : ['There is no ctags on this machine: only dependency-cruiser was measured.'],
  }
}

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cpus, loadavg, release, tmpdir, totalmem } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { compile } from './lib/compile.ts'
import { startPostgres } from './lib/postgres.ts'
import { startGenerator } from './lib/processes.ts'
import { startRedis } from './lib/redis.ts'
import { renderDocument, renderLoad } from './lib/report.ts'
import { holds, type LoadResult, type Machine } from './lib/result.ts'
import type { Bench, HttpTarget } from './lib/target.ts'
import { accountTiming } from './loads/account-timing.ts'
import { analysis } from './loads/analysis.ts'
import { analysisAgain } from './loads/analysis-again.ts'
import { analysisBeside } from './loads/analysis-beside.ts'
import { connect } from './loads/connect.ts'
import { create } from './loads/create.ts'
import { crossInstance } from './loads/cross-instance.ts'
import { drain } from './loads/drain.ts'
import { fanOut4, fanOut16, fanOutPaced, UNSTORED } from './loads/fan-out.ts'
import { graphMemory } from './loads/graph-memory.ts'
import { graphQueries } from './loads/graph-queries.ts'
import { hello } from './loads/hello.ts'
import { list } from './loads/list.ts'
import { persistedSend } from './loads/persisted-send.ts'
import { read } from './loads/read.ts'
import type { SocketLoad } from './loads/room.ts'
import { signIn } from './loads/sign-in.ts'
import { socketIdle2k, socketIdle10k } from './loads/socket-idle.ts'
import { start } from './loads/start.ts'
import { startHttpBaseline } from './targets/baseline-http.ts'
import { startSocketBaseline } from './targets/baseline-sockets.ts'
import { startParleyHttp } from './targets/parley.ts'
import { type HallOptions, startParleySockets } from './targets/parley-sockets.ts'

/** `npm run bench [-- load ...]`: see bench/method.md for what it does and how to read it. */
const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const httpLoads = [hello, read, list, create]
/** Socket loads, and how many sockets the room must have places for. */
const socketLoads: Record<string, { load: SocketLoad; sockets: number }> = {
  connect: { load: connect, sockets: 2_001 },
  'fan-out-paced': { load: fanOutPaced, sockets: 2_001 },
  'fan-out-4': { load: fanOut4, sockets: 2_001 },
  'fan-out-16': { load: fanOut16, sockets: 2_001 },
  'persisted-send': { load: persistedSend, sockets: 2_001 },
  'socket-idle-2000': { load: socketIdle2k, sockets: 2_001 },
  'socket-idle-10000': { load: socketIdle10k, sockets: 10_001 },
}
/** Loads of Parley that start it themselves. */
const ownLoads: Record<string, (bench: Bench, server: string) => Promise<Measured>> = {
  'account-timing': accountTiming,
  'sign-in': signIn,
  start,
  analysis,
  'analysis-again': analysisAgain,
  'analysis-beside': analysisBeside,
  'graph-queries': graphQueries,
  'graph-memory': graphMemory,
}
/** Loads that are also run without storing anything, as the baselines do. */
const alsoUnstored = ['fan-out-paced', 'fan-out-4', 'fan-out-16']
const others = ['cross-instance', 'drain', ...Object.keys(ownLoads)]
const allLoads = [...httpLoads.map((load) => load.name), ...Object.keys(socketLoads), ...others]

const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '7' },
    seconds: { type: 'string', default: '1.2' },
    connections: { type: 'string', default: '50' },
    'no-parley': { type: 'boolean', default: false },
    'no-save': { type: 'boolean', default: false },
    /** Only writes docs/benchmarks.md anew of the stored results. */
    render: { type: 'boolean', default: false },
  },
})

type Measured = Omit<LoadResult, 'at' | 'machine'>

function machine(): Machine {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    platform: `${process.platform} ${release()} ${process.arch}`,
    loadBefore: loadavg()[0]!,
  }
}

async function recorded(work: () => Promise<Measured>): Promise<LoadResult> {
  const before = machine()
  const measured = await work()
  const busy = `The machine was busy with other work (load average ${before.loadBefore.toFixed(1)} on ${before.cores} cores): mind the ratios, not the absolute figures, and measure again on an idle one.`
  const remarks = before.loadBefore > 2 * before.cores ? [...measured.remarks, busy] : measured.remarks
  const result: LoadResult = { ...measured, remarks, at: new Date().toISOString(), machine: before }
  console.log(`\n${renderLoad(result)}`)
  return result
}

async function runHttpLoads(bench: Bench, wanted: string[], server: string | undefined): Promise<LoadResult[]> {
  const chosen = httpLoads.filter((load) => wanted.includes(load.name))
  if (chosen.length === 0) return []
  const targets: Record<string, HttpTarget> = {}
  const results: LoadResult[] = []
  try {
    for (const name of ['N', 'L', 'F'] as const) targets[name] = await startHttpBaseline(bench, name)
    if (server) targets.Parley = await startParleyHttp(bench, server)
    for (const load of chosen) results.push(await recorded(() => load.run(bench, targets)))
  } finally {
    for (const target of Object.values(targets)) await target.server.stop()
  }
  return results
}

async function runSocketLoads(bench: Bench, wanted: string[], server: string | undefined): Promise<LoadResult[]> {
  const results: LoadResult[] = []
  for (const [name, { load, sockets }] of Object.entries(socketLoads)) {
    if (!wanted.includes(name)) continue
    const starts = {
      ws: () => startSocketBaseline(bench, 'ws'),
      'ws+JWT': () => startSocketBaseline(bench, 'ws+JWT'),
      ...(name === 'persisted-send' && { 'ws+INSERT': () => startSocketBaseline(bench, 'ws+INSERT') }),
      'Socket.IO': () => startSocketBaseline(bench, 'Socket.IO'),
      ...(server &&
        alsoUnstored.includes(name) && {
          [UNSTORED]: () => startParleySockets(bench, server, { sockets, unstored: true }),
        }),
      ...(server && { Parley: () => startParleySockets(bench, server, { sockets }) }),
    }
    results.push(await recorded(() => load(bench, starts)))
  }
  return results
}

/** Loads of Parley alone, with more than one instance. */
async function runInstanceLoads(bench: Bench, wanted: string[], server: string): Promise<LoadResult[]> {
  const results: LoadResult[] = []
  if (wanted.includes('cross-instance')) {
    const redis = await startRedis(bench.workDir)
    try {
      const way = (atMost: number | undefined, options: HallOptions) => ({
        start: () => startParleySockets(bench, server, options),
        ...(atMost !== undefined && { atMost }),
      })
      const redisUrl = redis?.url
      const ways = {
        PostgreSQL: way(5, {}),
        'PostgreSQL, not stored': way(5, { unstored: true }),
        ...(redisUrl && {
          Redis: way(undefined, { redisUrl }),
          'Redis, not stored': way(2, { redisUrl, unstored: true }),
        }),
      }
      results.push(await recorded(() => crossInstance(bench, ways)))
    } finally {
      await redis?.stop()
    }
  }
  if (wanted.includes('drain'))
    results.push(await recorded(() => drain(bench, () => startParleySockets(bench, server, { sockets: 10_001 }))))
  return results
}

async function runOwnLoads(bench: Bench, wanted: string[], server: string): Promise<LoadResult[]> {
  const results: LoadResult[] = []
  for (const [name, load] of Object.entries(ownLoads))
    if (wanted.includes(name)) results.push(await recorded(() => load(bench, server)))
  return results
}

function save(results: LoadResult[]): void {
  const directory = join(root, 'bench', 'results')
  mkdirSync(directory, { recursive: true })
  for (const result of results) {
    writeFileSync(join(directory, `${result.load}.json`), `${JSON.stringify(result, null, 2)}\n`)
  }
  const files = readdirSync(directory).filter((file) => file.endsWith('.json'))
  const all = files.map((file): LoadResult => JSON.parse(readFileSync(join(directory, file), 'utf8')))
  const method = readFileSync(join(root, 'bench', 'method.md'), 'utf8')
  writeFileSync(join(root, 'docs', 'benchmarks.md'), renderDocument(all, method))
}

async function main(): Promise<void> {
  if (flags.render) return save([])
  const unknown = positionals.filter((name) => !allLoads.includes(name))
  if (unknown.length > 0) throw new Error(`unknown load: ${unknown.join(', ')}. There are: ${allLoads.join(', ')}`)
  const wanted = positionals.length > 0 ? positionals : allLoads
  const entry = join(root, 'dist', 'src', 'server.js')
  const server = flags['no-parley'] ? undefined : entry
  if (server && !existsSync(server)) throw new Error('dist/ is missing: run `npm run build` first')

  const workDir = mkdtempSync(join(tmpdir(), 'parley-bench-'))
  const scripts = await compile(root)
  const postgres = await startPostgres(workDir)
  const generator = startGenerator(join(scripts, 'generator.js'), workDir)
  const bench: Bench = {
    postgres,
    generator,
    scripts,
    workDir,
    root,
    rounds: Number(flags.rounds),
    seconds: Number(flags.seconds),
    connections: Number(flags.connections),
  }
  let failed = true
  try {
    const results = [
      ...(await runHttpLoads(bench, wanted, server)),
      ...(await runSocketLoads(bench, wanted, server)),
      ...(server ? await runInstanceLoads(bench, wanted, server) : []),
      ...(server ? await runOwnLoads(bench, wanted, server) : []),
    ]
    if (!flags['no-save'] && server) save(results)
    const missed = results.flatMap((result) => result.ratios.filter((ratio) => holds(ratio) === false))
    console.log(missed.length === 0 ? '\nAll figures hold.' : `\n${missed.length} figures do not hold.`)
    failed = false
  } finally {
    await generator.stop()
    await postgres.stop()
    if (failed) console.error(`logs are in ${workDir}`)
    else rmSync(workDir, { recursive: true, force: true })
  }
}

await main()

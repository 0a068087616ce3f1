import { spawn } from 'node:child_process'
import { chmodSync, mkdirSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '../lib/postgres.ts'
import { residentBytes } from '../lib/proc.ts'
import { stopChild } from '../lib/processes.ts'
import type { LoadResult, Ratio } from '../lib/result.ts'
import { median } from '../lib/stats.ts'
import type { Bench } from '../lib/target.ts'

const IDLE_AFTER = 4_000

async function status(port: number): Promise<number> {
  try {
    return (await fetch(`http://127.0.0.1:${port}/health/ready`, { signal: AbortSignal.timeout(1_000) })).status
  } catch {
    return 0
  }
}

/** Seconds from the start of `node` to the first 200 of /health/ready, and the resident MiB once it has idled. */
async function startOnce(bench: Bench, server: string, dataDir: string, idle: boolean) {
  const port = await freePort()
  const log = openSync(join(bench.workDir, 'start.log'), 'a')
  const began = performance.now()
  const child = spawn(process.execPath, [server], {
    stdio: ['ignore', log, log],
    env: { PATH: process.env.PATH ?? '', PORT: String(port), DATA_DIR: dataDir },
  })
  try {
    while ((await status(port)) !== 200) {
      if (child.exitCode !== null) throw new Error('the server ended at its start; see start.log')
      if (performance.now() - began > 30_000) throw new Error('not ready after 30 s')
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    const seconds = (performance.now() - began) / 1_000
    if (idle) await new Promise((resolve) => setTimeout(resolve, IDLE_AFTER))
    return { seconds, rss: residentBytes(child.pid!) / 1_048_576 }
  } finally {
    await stopChild(child)
  }
}

/** Cold and warm start on the embedded PostgreSQL, and memory at rest, with the default configuration. */
export async function start(bench: Bench, server: string): Promise<Omit<LoadResult, 'at' | 'machine'>> {
  const rounds = Math.min(3, bench.rounds)
  const cold: number[] = []
  const warm: number[] = []
  const rss: number[] = []
  for (let round = 0; round < rounds; round++) {
    const dataDir = join(bench.workDir, `start-${round}`)
    mkdirSync(dataDir)
    chmodSync(dataDir, 0o755)
    cold.push((await startOnce(bench, server, dataDir, false)).seconds)
    const second = await startOnce(bench, server, dataDir, true)
    warm.push(second.seconds)
    rss.push(second.rss)
  }
  const figures: Ratio[] = [
    { name: 'cold start, seconds', value: median(cold), figure: { atMost: 3 } },
    { name: 'warm start, seconds', value: median(warm), figure: { atMost: 1.2 } },
    { name: 'idle RSS, MiB', value: median(rss), figure: { atMost: 160 } },
  ]
  return {
    load: 'start',
    title: 'Start and rest',
    about: `From the start of \`node\` to the first 200 of /health/ready on the embedded PostgreSQL: cold on an empty data directory, warm on the same again. Resident memory of the Node process ${IDLE_AFTER / 1_000} s after the warm start.`,
    columns: [
      { key: 'cold', title: 'cold s', digits: 2 },
      { key: 'warm', title: 'warm s', digits: 2 },
      { key: 'rss', title: 'idle RSS MiB', digits: 0 },
    ],
    rows: [{ target: 'Parley', values: { cold: median(cold), warm: median(warm), rss: median(rss) } }],
    ratios: figures,
    rounds,
    remarks: [],
  }
}

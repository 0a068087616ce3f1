import { cpuSeconds, residentBytes } from './proc.ts'
import type { Column, LoadResult } from './result.ts'
import { median, pairedRatio } from './stats.ts'
import type { Bench, HttpLoadName, HttpTarget } from './target.ts'

/** Measurements of one target, one entry a round. */
export interface HttpSamples {
  perSecond: number[]
  p50: number[]
  p99: number[]
  cpuMicros: number[]
  rss: number[]
  generatorBusy: number[]
}

export const httpColumns: Column[] = [
  { key: 'perSecond', title: 'requests/s', digits: 0 },
  { key: 'p50', title: 'p50 ms', digits: 2 },
  { key: 'p99', title: 'p99 ms', digits: 2 },
  { key: 'cpuMicros', title: 'server CPU µs/request', digits: 1 },
  { key: 'rss', title: 'RSS MiB', digits: 0 },
]

async function oneRound(bench: Bench, target: HttpTarget, load: HttpLoadName, milliseconds: number) {
  const plan = target.plans[load]!
  const before = cpuSeconds(target.server.pid)
  const outcome = await bench.generator.run({
    kind: 'http',
    port: target.server.port,
    ...plan,
    connections: bench.connections,
    milliseconds,
  })
  const cpu = cpuSeconds(target.server.pid) - before
  if (outcome.wrong > 0) throw new Error(`${load}: ${outcome.wrong} of ${outcome.requests} answers were wrong`)
  return { outcome, cpu }
}

/**
 * Lets the targets answer one load in alternating rounds (A B C A B C ...) after a warm-up round each. The order turns
 * round every time, so that none always follows the same neighbour.
 */
export async function httpRounds(
  bench: Bench,
  targets: Record<string, HttpTarget>,
  load: HttpLoadName,
): Promise<Record<string, HttpSamples>> {
  const names = Object.keys(targets).filter((name) => targets[name]!.plans[load])
  const samples: Record<string, HttpSamples> = {}
  for (const name of names) {
    samples[name] = { perSecond: [], p50: [], p99: [], cpuMicros: [], rss: [], generatorBusy: [] }
    await oneRound(bench, targets[name]!, load, Math.max(500, bench.seconds * 1_000))
  }
  for (let round = 0; round < bench.rounds; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      const { outcome, cpu } = await oneRound(bench, targets[name]!, load, bench.seconds * 1_000)
      const into = samples[name]!
      into.perSecond.push(outcome.requests / outcome.seconds)
      into.p50.push(outcome.p50)
      into.p99.push(outcome.p99)
      into.cpuMicros.push((cpu / outcome.requests) * 1e6)
      into.rss.push(residentBytes(targets[name]!.server.pid) / 1_048_576)
      into.generatorBusy.push(outcome.generatorBusy)
    }
  }
  return samples
}

/** Rows, and remarks on what makes them doubtful. */
export function summarize(samples: Record<string, HttpSamples>): Pick<LoadResult, 'rows' | 'remarks'> {
  const remarks: string[] = []
  const rows = Object.entries(samples).map(([target, of]) => {
    const busy = median(of.generatorBusy)
    if (busy > 0.85)
      remarks.push(`The generator used ${busy.toFixed(2)} of a core against ${target}: it may be the limit.`)
    const values = Object.fromEntries(httpColumns.map(({ key }) => [key, median(of[key as keyof HttpSamples])]))
    return { target, values }
  })
  return { rows, remarks }
}

/** Requests/s or CPU a request of `a` over those of `b`; undefined when one of them did not run. */
export function ratioOf(
  samples: Record<string, HttpSamples>,
  metric: 'perSecond' | 'cpuMicros',
  a: string,
  b: string,
): { name: string; value: number } | undefined {
  const [left, right] = [samples[a], samples[b]]
  if (!left || !right) return undefined
  const what = metric === 'perSecond' ? 'requests/s' : 'CPU/request'
  return { name: `${what}, ${a} / ${b}`, value: pairedRatio(left[metric], right[metric]) }
}

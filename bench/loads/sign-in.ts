import { availableParallelism } from 'node:os'
import { hash, verify } from '@node-rs/argon2'
import type { LoadResult } from '../lib/result.ts'
import { median, pairedRatio, percentile } from '../lib/stats.ts'
import type { Bench } from '../lib/target.ts'
import { client, environment, register, run } from '../targets/parley-process.ts'

/** The parameters of Parley's own hashes: argon2id, 19 MiB, 2 passes, 1 lane. */
const PARAMETERS = { algorithm: 2, memoryCost: 19_456, timeCost: 2, parallelism: 1 }
const CLIENTS = 50
/** Between two looks at /health while people sign in, ms. */
const PROBE_MS = 20

/** Repeats work with so many at a time for a while; how often it was done in a second. */
async function rate(parallel: number, seconds: number, work: () => Promise<unknown>): Promise<number> {
  const began = performance.now()
  let done = 0
  const worker = async () => {
    while (performance.now() - began < seconds * 1_000) {
      await work()
      done += 1
    }
  }
  await Promise.all(Array.from({ length: parallel }, worker))
  return done / ((performance.now() - began) / 1_000)
}

/** Asks /health now and then until it is told to stop; the times of its answers in ms, ascending. */
function probe(port: number) {
  let stopped = false
  const times: number[] = []
  const asking = (async () => {
    while (!stopped) {
      const began = performance.now()
      const answer = await fetch(`http://127.0.0.1:${port}/health`)
      await answer.arrayBuffer()
      times.push(performance.now() - began)
      await new Promise((resolve) => setTimeout(resolve, PROBE_MS))
    }
  })()
  return async () => {
    stopped = true
    await asking
    return times.sort((a, b) => a - b)
  }
}

/** Sign-ins against the bare hash of the same parameters, and what GET /health takes meanwhile. */
export async function signIn(bench: Bench, script: string): Promise<Omit<LoadResult, 'at' | 'machine'>> {
  const server = await run(bench, script, environment(bench, await bench.postgres.database('parley_sign_in')), [])
  const samples = { bare: [] as number[], logins: [] as number[], p99: [] as number[], unknown: [] as number[] }
  try {
    const call = client(server.port)
    await register(call, 'bench')
    const password = 'a long passphrase of bench'
    const stored = await hash(password, PARAMETERS)
    const login = (email: string, status: number) => async () => {
      const answer = await fetch(`http://127.0.0.1:${server.port}/api/auth/login`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ email, password }),
      })
      await answer.arrayBuffer()
      if (answer.status !== status) throw new Error(`login answered ${answer.status}`)
    }
    const right = login('bench@example.com', 200)
    await rate(CLIENTS, bench.seconds, right)
    for (let round = 0; round < bench.rounds; round++) {
      samples.bare.push(await rate(availableParallelism(), bench.seconds, () => verify(stored, password)))
      const stop = probe(server.port)
      samples.logins.push(await rate(CLIENTS, bench.seconds, right))
      samples.p99.push(percentile(await stop(), 0.99))
      samples.unknown.push(await rate(CLIENTS, bench.seconds, login('nobody@example.com', 401)))
    }
  } finally {
    await server.stop()
  }
  return {
    load: 'sign-in',
    title: 'Signing in',
    about: `${CLIENTS} clients sign in at once, with the right password and with an email that nobody has, against bare argon2id of the same parameters with one hash per core; GET /health is asked every ${PROBE_MS} ms meanwhile.`,
    columns: [
      { key: 'perSecond', title: 'per second', digits: 1 },
      { key: 'p99', title: 'p99 of GET /health meanwhile, ms', digits: 1 },
    ],
    rows: [
      { target: 'argon2id', values: { perSecond: median(samples.bare) } },
      { target: 'Parley', values: { perSecond: median(samples.logins), p99: median(samples.p99) } },
      { target: 'Parley, unknown email', values: { perSecond: median(samples.unknown) } },
    ],
    ratios: [
      { name: 'logins / bare argon2id', value: pairedRatio(samples.logins, samples.bare), figure: { atLeast: 0.9 } },
      { name: 'p99 of GET /health, ms', value: median(samples.p99), figure: { atMost: 100 } },
      { name: 'unknown email / right password', value: pairedRatio(samples.unknown, samples.logins) },
    ],
    rounds: bench.rounds,
    remarks: [],
  }
}

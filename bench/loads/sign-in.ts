import { randomBytes } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { hash, verify } from '@node-rs/argon2'
import { freePort } from '../lib/postgres.ts'
import { cpuSeconds } from '../lib/proc.ts'
import { type ServerProcess, startServer } from '../lib/processes.ts'
import type { LoadResult } from '../lib/result.ts'
import { median, pairedRatio, percentile } from '../lib/stats.ts'
import { type Bench, rawRequest } from '../lib/target.ts'
import { client, environment, register, run } from '../targets/parley-process.ts'

/** The parameters of Parley's own hashes: argon2id, 64 MiB, 3 passes, 1 lane. */
const PARAMETERS = { algorithm: 2, memoryCost: 65_536, timeCost: 3, parallelism: 1 }
const PASSWORD = 'a long passphrase of many'
/** People who sign in at the same time, each from an address of their own. */
const CLIENTS = 50
/** Sign-ins before anything counts: a server that has run for a while is measured, not the compiler at its first requests. */
const WARM_UP = 1_000
/** Between two looks at /health while people sign in, ms. */
const PROBE_MS = 20

/** How often something was done in a second, and what it took of the processor each time, ms. */
interface Rate {
  done: number
  perSecond: number
  cpuMs: number
}

/** What is measured in rounds. */
type Measured = 'bare' | 'byHand' | 'logins' | 'unknown'

/** Verifies one bare hash per core at a time for a while. */
async function bareRate(seconds: number, stored: string): Promise<Rate> {
  const [began, before] = [performance.now(), process.cpuUsage()]
  let done = 0
  const worker = async () => {
    while (performance.now() - began < seconds * 1_000) {
      await verify(stored, PASSWORD)
      done += 1
    }
  }
  await Promise.all(Array.from({ length: availableParallelism() }, worker))
  const { user, system } = process.cpuUsage(before)
  return { done, perSecond: done / ((performance.now() - began) / 1_000), cpuMs: (user + system) / 1_000 / done }
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

/** The sign-in that one writes by hand; see bench/baselines/login.ts. */
async function startByHand(bench: Bench, passwordHash: string): Promise<ServerProcess> {
  return startServer({
    name: 'login',
    script: join(bench.scripts, 'baselines', 'login.js'),
    port: await freePort(),
    env: {
      DATABASE_URL: await bench.postgres.database('login_by_hand'),
      JWT_SECRET: randomBytes(32).toString('hex'),
      ACCOUNTS: String(CLIENTS),
      PASSWORD_HASH: passwordHash,
    },
    logDir: bench.workDir,
  })
}

/** Sign-ins against the bare hash of the same parameters, and what GET /health takes meanwhile. */
export async function signIn(bench: Bench, script: string): Promise<Omit<LoadResult, 'at' | 'machine'>> {
  const database = await bench.postgres.database('parley_sign_in')
  // Addresses come by X-Forwarded-For, as they do behind a proxy: all of the bench is one machine.
  const server = await run(
    bench,
    script,
    { ...environment(bench, database), TRUST_PROXY: '1' },
    process.env.BENCH_NODE_ARGS?.split(' ') ?? [],
  )
  const stored = await hash(PASSWORD, PARAMETERS)
  const byHand = await startByHand(bench, stored)
  const samples = {
    bare: [] as Rate[],
    byHand: [] as Rate[],
    logins: [] as Rate[],
    unknown: [] as Rate[],
    p99: [] as number[],
  }
  try {
    const call = client(server.port)
    for (let index = 0; index < CLIENTS; index++) await register(call, `bench-${index}`, PASSWORD)
    const logins = async (name: string, expectStatus: number, seconds = bench.seconds, at = server): Promise<Rate> => {
      const requests = Array.from({ length: CLIENTS }, (_, index) =>
        rawRequest(at.port, '/api/auth/login', {
          method: 'POST',
          headers: { 'X-Forwarded-For': `192.0.2.${index + 1}` },
          body: { email: `${name}-${index}@example.com`, password: PASSWORD },
        }),
      )
      const order = { requests, expectStatus, connections: CLIENTS, milliseconds: seconds * 1_000 }
      const before = cpuSeconds(at.pid)
      const outcome = await bench.generator.run({ kind: 'http', port: at.port, ...order })
      if (outcome.wrong > 0) throw new Error(`${outcome.wrong} of ${outcome.requests} logins were answered otherwise`)
      const cpuMs = ((cpuSeconds(at.pid) - before) * 1_000) / outcome.requests
      return { done: outcome.requests, perSecond: outcome.requests / outcome.seconds, cpuMs }
    }
    for (const at of [server, byHand])
      for (let done = 0; done < WARM_UP; ) done += (await logins('bench', 200, 5, at)).done
    for (let round = 0; round < bench.rounds; round++) {
      samples.bare.push(await bareRate(bench.seconds, stored))
      samples.byHand.push(await logins('bench', 200, bench.seconds, byHand))
      samples.logins.push(await logins('bench', 200))
      samples.unknown.push(await logins('nobody', 401))
      // For itself: what it takes to answer the probe is no part of a login.
      const stop = probe(server.port)
      await logins('bench', 200)
      samples.p99.push(percentile(await stop(), 0.99))
    }
  } finally {
    await Promise.all([server.stop(), byHand.stop()])
  }
  const rates = (of: Measured) => samples[of].map(({ perSecond }) => perSecond)
  const costs = (of: Measured) => samples[of].map(({ cpuMs }) => cpuMs)
  const row = (of: Measured) => ({ perSecond: median(rates(of)), cpuMs: median(costs(of)) })
  return {
    load: 'sign-in',
    title: 'Signing in',
    about: `${CLIENTS} people sign in at once, again and again, with the right password and with emails that nobody has, against bare argon2id of the same parameters with one hash per core; GET /health is asked every ${PROBE_MS} ms in rounds of its own. ${WARM_UP} sign-ins went before. Generator and PostgreSQL share the cores with the server, the bare hash has them for itself. "By hand" is the same without limits, throttle, audit log and second factor: account, hash, session, token.`,
    columns: [
      { key: 'perSecond', title: 'per second', digits: 1 },
      { key: 'cpuMs', title: 'CPU ms each', digits: 2 },
      { key: 'p99', title: 'p99 of GET /health meanwhile, ms', digits: 1 },
    ],
    rows: [
      { target: 'argon2id', values: row('bare') },
      { target: 'by hand', values: row('byHand') },
      { target: 'Parley', values: { ...row('logins'), p99: median(samples.p99) } },
      { target: 'Parley, unknown email', values: row('unknown') },
    ],
    ratios: [
      { name: 'logins / bare argon2id', value: pairedRatio(rates('logins'), rates('bare')), figure: { atLeast: 0.9 } },
      { name: 'by hand / bare argon2id', value: pairedRatio(rates('byHand'), rates('bare')) },
      { name: 'logins / by hand', value: pairedRatio(rates('logins'), rates('byHand')) },
      { name: 'p99 of GET /health, ms', value: median(samples.p99), figure: { atMost: 100 } },
      { name: 'CPU, bare argon2id / login', value: pairedRatio(costs('bare'), costs('logins')) },
      { name: 'unknown email / right password', value: pairedRatio(rates('unknown'), rates('logins')) },
    ],
    rounds: bench.rounds,
    remarks: [],
  }
}

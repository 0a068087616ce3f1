import cluster, { type Worker } from 'node:cluster'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { setTimeout as delay } from 'node:timers/promises'
import type { Config } from '../config/schema.ts'
import { openDatabase } from './database.ts'
import { EXIT } from './exit.ts'

/** A worker that lived shorter than this is started again with a growing pause: a crash at start must not spin. */
const SETTLED_MS = 10_000
const LONGEST_PAUSE_MS = 10_000

/** How many worker processes CLUSTER_WORKERS asks for; 0 means one process without a supervisor. */
export function workerCount(config: Config): number {
  return config.CLUSTER_WORKERS === 'auto' ? availableParallelism() : Number(config.CLUSTER_WORKERS)
}

const say = (fields: object, message: string) =>
  process.stdout.write(
    `${JSON.stringify({ time: new Date().toISOString(), service: 'parley-supervisor', pid: process.pid, ...fields, msg: message })}\n`,
  )

const log = { debug() {}, info: say, warn: say }

/**
 * Runs the database, and as many serving processes as asked for on one port; starts those that crash again. It serves nothing itself.
 * Resolves with the exit code after a signal has ended all of them.
 */
export async function superviseCluster(config: Config): Promise<number> {
  const database = await openDatabase(config, log)
  let stopping = false
  let failure: number = EXIT.ok
  const running = new Set<Promise<void>>()
  const stopped = new Promise<void>((resolve) => {
    const onSignal = (signal: NodeJS.Signals) => {
      if (stopping) return
      stopping = true
      say({ signal }, 'stopping the workers')
      for (const worker of Object.values(cluster.workers ?? {})) worker?.process.kill('SIGTERM')
      resolve()
    }
    process.on('SIGTERM', onSignal)
    process.on('SIGINT', onSignal)
  })
  const keepAlive = async () => {
    for (let pause = 100; !stopping; ) {
      const begin = Date.now()
      // The workers are told where the database is; an embedded one belongs to this process.
      const worker = cluster.fork({ DATABASE_URL: database.url })
      const code = await exitCode(worker)
      if (stopping) return
      if (code === EXIT.config || code === EXIT.unavailable) {
        process.kill(process.pid, 'SIGTERM')
        failure = code
        return
      }
      pause = Date.now() - begin > SETTLED_MS ? 100 : Math.min(pause * 2, LONGEST_PAUSE_MS)
      say({ worker: worker.process.pid, code, pauseMs: pause }, 'a worker ended and is started again')
      await delay(pause)
    }
  }
  for (let index = workerCount(config); index > 0; index--) running.add(keepAlive())
  await stopped
  await Promise.all(running)
  await database.stop()
  return failure
}

async function exitCode(worker: Worker): Promise<number | string> {
  const [code, signal] = await once(worker, 'exit')
  return code ?? signal
}

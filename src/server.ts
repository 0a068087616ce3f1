// The process: configuration, database, app, listener, signals. Everything that can be tested without a process is in src/process.
import cluster from 'node:cluster'
import { loadConfig } from './config/load.ts'
import { banner } from './process/banner.ts'
import { superviseCluster, workerCount } from './process/cluster.ts'
import { explain } from './process/exit.ts'
import { handleSignals } from './process/shutdown.ts'
import { startServer } from './process/start.ts'

/** Runs the server until a signal ends it. Failures are told on standard error, with the exit codes of src/process/exit.ts. */
export async function serve(): Promise<void> {
  try {
    const config = loadConfig()
    if (cluster.isPrimary && workerCount(config) > 0) process.exit(await superviseCluster(config))
    const server = await startServer(config)
    handleSignals({
      drain: () => server.app.health.enter('draining'),
      drainDelayMs: config.DRAIN_DELAY_MS,
      close: server.close,
      log: server.app.log,
    })
    if (cluster.isPrimary && config.NODE_ENV !== 'production') process.stdout.write(`${await banner(server)}\n`)
  } catch (error) {
    const { text, code } = explain(error)
    process.stderr.write(`${text}\n`)
    process.exit(code)
  }
}

await serve()

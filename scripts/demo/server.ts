import { type ChildProcess, spawn } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

/** A server that the demo has started. */
export type OwnServer = { url: string; stop(): Promise<void> }

const READY_WITHIN_MS = 45_000
const STOP_WITHIN_MS = 12_000

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

const isRunning = (child: ChildProcess): boolean => child.exitCode === null && child.signalCode === null

async function stop(child: ChildProcess): Promise<void> {
  if (!isRunning(child)) return
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  child.kill('SIGTERM')
  const late = setTimeout(() => child.kill('SIGKILL'), STOP_WITHIN_MS)
  await gone
  clearTimeout(late)
}

/**
 * Starts the built server on a free port with everything in `folder`: the demo touches neither your data nor your database. Throws with
 * the end of its log when it does not become ready.
 */
export async function startServer(root: string, folder: string): Promise<OwnServer> {
  const port = await freePort()
  const { DATABASE_URL: _database, REDIS_URL: _redis, ...env } = process.env
  const log = join(folder, 'server.log')
  const child = spawn(process.execPath, [join(root, 'dist', 'src', 'server.js')], {
    cwd: folder,
    env: {
      ...env,
      NODE_ENV: 'development',
      HOST: '127.0.0.1',
      PORT: String(port),
      DATA_DIR: join(folder, 'data'),
      DRAIN_DELAY_MS: '0',
      LOG_LEVEL: 'warn',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = createWriteStream(log)
  child.stdout?.pipe(output, { end: false })
  child.stderr?.pipe(output, { end: false })
  const url = `http://127.0.0.1:${port}`
  const deadline = Date.now() + READY_WITHIN_MS
  while (Date.now() < deadline && isRunning(child)) {
    const ready = await fetch(`${url}/health/ready`).then(
      ({ ok }) => ok,
      () => false,
    )
    if (ready) return { url, stop: () => stop(child) }
    await delay(50)
  }
  const why = isRunning(child) ? `was not ready in ${READY_WITHIN_MS / 1000} s` : `ended with code ${child.exitCode}`
  await stop(child)
  const tail = (await readFile(log, 'utf8').catch(() => '')).trim().split('\n').slice(-15).join('\n')
  throw new Error(`The server ${why}.\n${tail}`)
}

import { constants } from 'node:fs'
import { access, mkdir, statfs } from 'node:fs/promises'
import { createServer } from 'node:net'
import { loadConfig } from '../../config/load.ts'
import type { Config } from '../../config/schema.ts'
import { findEmbeddedPostgres, startEmbeddedPostgres } from '../../db/embedded/index.ts'
import { serverVersion } from '../database.ts'
import { EXIT, explain } from '../exit.ts'
import type { Command } from './command.ts'

type Finding = string
type Examination = [name: string, examine: (config: Config) => Promise<Finding>]

const LOWEST_FREE_BYTES = 1024 ** 3

async function dataDirectory({ DATA_DIR }: Config): Promise<Finding> {
  await mkdir(DATA_DIR, { recursive: true, mode: 0o700 })
  await access(DATA_DIR, constants.W_OK | constants.X_OK)
  const { bavail, bsize } = await statfs(DATA_DIR)
  const free = bavail * bsize
  if (free < LOWEST_FREE_BYTES) throw new Error(`${DATA_DIR}: only ${Math.round(free / 1024 ** 2)} MiB are free`)
  return `${DATA_DIR} is writable, ${Math.round(free / 1024 ** 3)} GiB free`
}

async function database(config: Config): Promise<Finding> {
  const running = config.DATABASE_URL ?? findEmbeddedPostgres(config.DATA_DIR)
  if (running !== undefined)
    return describe(await serverVersion(running), config.DATABASE_URL ? 'external' : 'embedded, running')
  const embedded = await startEmbeddedPostgres({ dataDir: config.DATA_DIR })
  try {
    return describe(await serverVersion(embedded.url), 'embedded')
  } finally {
    await embedded.stop()
  }
}

function describe(version: number, kind: string): Finding {
  if (version < 150_000) throw new Error(`PostgreSQL ${version / 10_000} is too old: 15 or newer is needed`)
  return `PostgreSQL ${Math.floor(version / 10_000)}.${version % 10_000} (${kind})`
}

async function redis({ REDIS_URL }: Config): Promise<Finding> {
  if (REDIS_URL === undefined) return 'not used'
  const { Redis } = await import('ioredis')
  const client = new Redis(REDIS_URL, {
    lazyConnect: true,
    connectTimeout: 5_000,
    retryStrategy: null,
    maxRetriesPerRequest: 0,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    const version = /redis_version:(\S+)/.exec(await client.info('server'))?.[1] ?? 'of unknown version'
    if (Number.parseInt(version, 10) < 7) throw new Error(`Redis ${version} is too old: 7 or newer is needed`)
    return `Redis ${version}`
  } finally {
    client.disconnect()
  }
}

function port({ HOST, PORT }: Config): Promise<Finding> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(`${HOST}:${PORT} is in use (by a running Parley?)`)
      else reject(error)
    })
    probe.listen({ host: HOST, port: PORT, exclusive: true }, () =>
      probe.close(() => resolve(`${HOST}:${PORT} is free`)),
    )
  })
}

const EXAMINATIONS: Examination[] = [
  ['data directory', dataDirectory],
  ['database', database],
  ['redis', redis],
  ['port', port],
]

/** `parley doctor`: tries everything a server needs, without changing anything that lasts but the data directory itself. */
export const doctor: Command = {
  usage: 'doctor',
  summary: 'try everything that a server needs, and say what is wrong',
  async run(_args, print) {
    print(`ok   node: ${process.version} on ${process.platform} ${process.arch}`)
    const config = loadConfig()
    print(`ok   configuration: ${config.NODE_ENV}`)
    let code: number = EXIT.ok
    for (const [name, examine] of EXAMINATIONS) {
      try {
        print(`ok   ${name}: ${await examine(config)}`)
      } catch (error) {
        const { text } = explain(error)
        print(`BAD  ${name}: ${text.split('\n')[0]}`)
        code = EXIT.unavailable
      }
    }
    return code
  },
}

import { setTimeout as delay } from 'node:timers/promises'
import type { Config } from '../config/schema.ts'
import postgres from '../db/driver.ts'
import { type EmbeddedLog, findEmbeddedPostgres, isEmbeddedOwned, startEmbeddedPostgres } from '../db/embedded/index.ts'
import { migrateDatabase } from '../db/migrate.ts'
import { EXIT, OperatorError } from './exit.ts'

/** A migrated database for this process. `stop` ends what this process started, and nothing else. */
export type OpenDatabase = {
  url: string
  kind: 'embedded' | 'external' | 'shared'
  migrations: number
  stop(): Promise<void>
}

const OLDEST = 15
const PATIENCE_MS = 30_000
const SHARED_PAUSE_MS = 100
/** Another PostgreSQL answers at the port that was written down: the own one is about to get another. */
const WRONG_PASSWORD = '28P01'
/** Not there yet, or just restarting: worth another try. Everything else is told at once. */
const PASSING = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'CONNECT_TIMEOUT',
  'CONNECTION_CLOSED',
  '57P03',
  '57P01',
])

/**
 * Opens DATABASE_URL, or the embedded PostgreSQL in DATA_DIR, and brings its schema up to date.
 * @param share for tools: use the embedded PostgreSQL of a server that is running on this DATA_DIR, where there is one
 * Throws {@link OperatorError}, EmbeddedPostgresError or NewerSchemaError, whose messages are sentences.
 */
export async function openDatabase(config: Config, log: EmbeddedLog, { share = false } = {}): Promise<OpenDatabase> {
  if (config.DATABASE_URL !== undefined) {
    await awaitExternal(config.DATABASE_URL, log)
    const migrations = await migrateDatabase(config.DATABASE_URL)
    return { url: config.DATABASE_URL, kind: 'external', migrations, stop: async () => {} }
  }
  const shared = share ? await openShared(config.DATA_DIR, log) : undefined
  if (shared !== undefined) return shared
  const embedded = await startEmbeddedPostgres({ dataDir: config.DATA_DIR, log })
  try {
    const migrations = await migrateDatabase(embedded.url)
    return { url: embedded.url, kind: 'embedded', migrations, stop: embedded.stop }
  } catch (error) {
    await embedded.stop()
    throw error
  }
}

/**
 * The embedded PostgreSQL of a server that runs on this DATA_DIR, or is just starting: before the first start it has no port yet, and later it may
 * get another than the one that is written down. Undefined when there is no such server (any more).
 */
async function openShared(dataDir: string, log: EmbeddedLog): Promise<OpenDatabase | undefined> {
  const end = Date.now() + PATIENCE_MS
  for (let told = false; isEmbeddedOwned(dataDir); await delay(SHARED_PAUSE_MS)) {
    const url = findEmbeddedPostgres(dataDir)
    try {
      if (url !== undefined)
        return { url, kind: 'shared', migrations: await migrateDatabase(url), stop: async () => {} }
    } catch (error) {
      const { code = '', message } = error as { code?: string; message: string }
      if (!PASSING.has(code) && code !== WRONG_PASSWORD) throw error
      if (Date.now() > end)
        throw new OperatorError(`The database of the running server cannot be used: ${message}`, EXIT.unavailable)
    }
    if (Date.now() > end)
      throw new OperatorError('The server on this DATA_DIR has no database yet: try again later.', EXIT.unavailable)
    if (!told) log.warn({ dir: dataDir }, 'waiting for the database of the running server')
    told = true
  }
  return undefined
}

/** Waits for a database that starts beside us (a compose file, a reboot), and looks at its version. */
async function awaitExternal(url: string, log: EmbeddedLog): Promise<void> {
  const end = Date.now() + PATIENCE_MS
  for (let told = false; ; await delay(500)) {
    try {
      const version = await serverVersion(url)
      if (version >= OLDEST * 10_000) return
      const major = Math.floor(version / 10_000)
      throw new OperatorError(`The database is PostgreSQL ${major}: Parley needs ${OLDEST} or newer.`, EXIT.config)
    } catch (error) {
      if (error instanceof OperatorError) throw error
      const { code = '', message } = error as { code?: string; message: string }
      if (!PASSING.has(code) || Date.now() > end) {
        throw new OperatorError(
          `The database of DATABASE_URL (${safeAddress(url)}) cannot be used: ${message}`,
          EXIT.unavailable,
        )
      }
      if (!told) log.warn({ address: safeAddress(url), code }, 'waiting for the database')
      told = true
    }
  }
}

/** As PostgreSQL counts: 180004 is 18.4. */
export async function serverVersion(url: string): Promise<number> {
  const sql = postgres(url, { max: 1, connect_timeout: 5, onnotice: () => {} })
  try {
    const [row] = await sql<{ version: number }[]>`select current_setting('server_version_num')::int as version`
    return row?.version ?? 0
  } finally {
    await sql.end({ timeout: 1 })
  }
}

/** Host, port and name of a database URL; never the account or the password. */
export function safeAddress(url: string): string {
  try {
    const { host, pathname } = new URL(url)
    return `${host}${pathname}`
  } catch {
    return 'an unreadable URL'
  }
}

import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import { startEmbeddedPostgres } from '../../src/db/embedded/index.ts'
import { migrateDatabase } from '../../src/db/migrate.ts'

/** The migrated database that every test gets a copy of. */
export const TEMPLATE = 'parley_template'

/** Nothing of a test run has to survive a power cut. */
const FAST = {
  fsync: 'off',
  full_page_writes: 'off',
  synchronous_commit: 'off',
  max_connections: '300',
  autovacuum_naptime: '10min',
}

/** A PostgreSQL of its own for a test run, with the template made. `stop` also removes its files. */
export async function startTestPostgres(): Promise<{ url: string; stop(): Promise<void> }> {
  const base = mkdtempSync(join(tmpdir(), 'parley-test-'))
  const server = await startEmbeddedPostgres({ dataDir: base, settings: FAST })
  const stop = async () => {
    await server.stop()
    rmSync(base, { recursive: true, force: true, maxRetries: 5 })
  }
  try {
    await makeTemplate(server.url)
    return { url: server.url, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function makeTemplate(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    await sql.unsafe(`CREATE DATABASE ${TEMPLATE}`)
    await migrateDatabase(databaseUrl(url, TEMPLATE))
  } finally {
    await sql.end()
  }
}

/** The same server and account, another database. */
export function databaseUrl(url: string, name: string): string {
  const other = new URL(url)
  other.pathname = `/${name}`
  return other.href
}

/** A PostgreSQL of the test's own with its durability on, for tests that kill it. */
export const startDurablePostgres = (dataDir: string) => startEmbeddedPostgres({ dataDir })

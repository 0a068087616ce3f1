import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate } from 'drizzle-orm/postgres-js/migrator'
import { packageRoot } from '../lib/version.ts'
import postgres from './driver.ts'

/** The database was written by a newer Parley: this one must not touch it. */
export class NewerSchemaError extends Error {
  override readonly name = 'NewerSchemaError'
}

const LOCK = 7_265_310_921

function migrationsFolder(): string {
  const folder = join(packageRoot, 'drizzle')
  if (existsSync(join(folder, 'meta/_journal.json'))) return folder
  throw new Error('The folder drizzle/ with the migrations is missing from this installation')
}

/**
 * Brings the schema up to date, one process at a time (advisory lock).
 * @returns how many migrations were run
 * @throws NewerSchemaError when the database knows a migration that this build does not
 */
export async function migrateDatabase(url: string): Promise<number> {
  const folder = migrationsFolder()
  const journal = JSON.parse(readFileSync(join(folder, 'meta/_journal.json'), 'utf8')) as {
    entries: { when: number }[]
  }
  const newest = Math.max(0, ...journal.entries.map((entry) => entry.when))
  const sql = postgres(url, { max: 1, onnotice: () => {}, connection: { application_name: 'parley-migrate' } })
  try {
    await sql`select pg_advisory_lock(${LOCK})`
    const [table] = await sql`select to_regclass('drizzle.__drizzle_migrations') is not null as there`
    const applied = table?.there ? await sql`select created_at::float8 as at from drizzle.__drizzle_migrations` : []
    const latest = Math.max(0, ...applied.map((row) => Number(row.at)))
    if (latest > newest) {
      throw new NewerSchemaError(
        'The database was written by a newer version of Parley. Start that version or a later one, or restore a backup made by this one.',
      )
    }
    const missing = journal.entries.filter((entry) => entry.when > latest).length
    if (missing > 0) await migrate(drizzle(sql), { migrationsFolder: folder })
    return missing
  } finally {
    await sql.end({ timeout: 5 })
  }
}

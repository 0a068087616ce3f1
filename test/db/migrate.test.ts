import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { drizzle } from 'drizzle-orm/postgres-js'
import { migrate } from 'drizzle-orm/postgres-js/migrator'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { migrateDatabase } from '../../src/db/migrate.ts'
import { emptyDatabase, testDatabase } from '../helpers/database.ts'

const folder = join(dirname(dirname(dirname(fileURLToPath(import.meta.url)))), 'drizzle')
type Journal = { entries: { when: number; tag: string }[] }
const journal: Journal = JSON.parse(readFileSync(join(folder, 'meta', '_journal.json'), 'utf8'))

async function withClient<T>(url: string, use: (sql: postgres.Sql) => Promise<T>): Promise<T> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  try {
    return await use(sql)
  } finally {
    await sql.end()
  }
}

/** The schema as its catalogue tells it: tables, columns, indexes, functions. */
const catalogue = (url: string) =>
  withClient(url, async (sql) => [
    ...(await sql`select table_name, column_name, data_type, is_nullable, column_default from information_schema.columns
      where table_schema = 'public' order by 1, 2`),
    ...(await sql`select indexdef from pg_indexes where schemaname = 'public' order by 1`),
    ...(await sql`select proname, prosrc from pg_proc where pronamespace = 'public'::regnamespace and prolang <> 13 order by 1, 2`),
  ])

/** A database as an earlier version left it, after its first `count` migrations. */
async function olderDatabase(t: Test, count: number): Promise<string> {
  const older = mkdtempSync(join(tmpdir(), 'parley-older-'))
  t.teardown(() => rmSync(older, { recursive: true, force: true }))
  cpSync(folder, older, { recursive: true })
  const entries = journal.entries.slice(0, count)
  writeFileSync(join(older, 'meta', '_journal.json'), JSON.stringify({ ...journal, entries }))
  const url = await emptyDatabase(t)
  await withClient(url, (sql) => migrate(drizzle(sql), { migrationsFolder: older }))
  return url
}

t.test('from every older schema to the present one', async (t) => {
  const present = await catalogue(await testDatabase(t))
  for (let count = 0; count < journal.entries.length; count++) {
    const url = count === 0 ? await emptyDatabase(t) : await olderDatabase(t, count)
    t.equal(await migrateDatabase(url), journal.entries.length - count, `after ${count} migrations`)
    t.same(await catalogue(url), present, `after ${count} migrations: the same schema`)
    t.equal(await migrateDatabase(url), 0, 'nothing is left to do')
  }
})

t.test('a newer schema is refused with a sentence, and not touched', async (t) => {
  const url = await testDatabase(t)
  await withClient(
    url,
    (sql) => sql`insert into drizzle.__drizzle_migrations (hash, created_at) values ('later', 9000000000000)`,
  )
  await t.rejects(migrateDatabase(url), { name: 'NewerSchemaError', message: /newer version of Parley/ })
})

t.test('several processes at once: one migrates, the others find it done', async (t) => {
  const url = await emptyDatabase(t)
  const counts = await Promise.all([1, 2, 3].map(() => migrateDatabase(url)))
  t.same(
    counts.sort((a, b) => b - a),
    [journal.entries.length, 0, 0],
  )
})

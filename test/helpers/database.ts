import { randomBytes } from 'node:crypto'
import postgres from 'postgres'
import type { Test } from 'tap'
import { databaseUrl, startTestPostgres, TEMPLATE } from './postgres-server.ts'

let own: ReturnType<typeof startTestPostgres> | undefined

/** The server of this test run (`npm test` hands it over), else one of this test file's own. */
async function serverUrl(): Promise<string> {
  const given = process.env.TEST_DATABASE_URL
  if (given) return given
  if (!own) {
    own = startTestPostgres()
    const { stop } = await own
    process.once('beforeExit', () => void stop())
  }
  return (await own).url
}

async function administer(statement: string): Promise<void> {
  const sql = postgres(await serverUrl(), { max: 1, onnotice: () => {} })
  try {
    await sql.unsafe(statement)
  } finally {
    await sql.end()
  }
}

/**
 * A fresh, migrated database for this test alone; its URL. Dropped when the test ends, whoever is still connected. Create it before the
 * app that uses it: teardown runs backwards.
 */
export const testDatabase = (t: Test): Promise<string> => createDatabase(t, TEMPLATE)

/** As {@link testDatabase}, with nothing in it: for what makes the schema. */
export const emptyDatabase = (t: Test): Promise<string> => createDatabase(t, 'template0')

async function createDatabase(t: Test, template: string): Promise<string> {
  const name = `test_${randomBytes(6).toString('hex')}`
  await administer(`CREATE DATABASE ${name} TEMPLATE ${template}`)
  t.teardown(() => administer(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`))
  return databaseUrl(await serverUrl(), name)
}

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { loadConfig } from '../../src/config/load.ts'
import { startEmbeddedPostgres } from '../../src/db/embedded/index.ts'
import { openDatabase, serverVersion } from '../../src/process/database.ts'
import { emptyDatabase } from '../helpers/database.ts'

/** A DATA_DIR of its own, that the account of PostgreSQL can reach. */
function place(t: Test) {
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-shared-'))
  t.teardown(() => rmSync(dataDir, { recursive: true, force: true }))
  const waited: unknown[] = []
  const log = { debug() {}, info() {}, warn: (about: unknown) => void waited.push(about) }
  const config = loadConfig({ NODE_ENV: 'test', DATA_DIR: dataDir })
  return { dataDir, config, log, waited }
}

t.test('a tool beside a server that is only starting waits for its database', { timeout: 120_000 }, async (t) => {
  const { dataDir, config, log, waited } = place(t)
  const rows = ['the first start: there is no port yet', 'a later start: the port is that of before']
  for (const name of rows) {
    const starting = startEmbeddedPostgres({ dataDir })
    const tool = await openDatabase(config, log, { share: true })
    const server = await starting
    t.match(tool, { kind: 'shared', url: server.url }, name)
    t.ok((await serverVersion(tool.url)) >= 150_000)
    await tool.stop()
    t.ok((await serverVersion(server.url)) >= 150_000, 'and leaves it running')
    await server.stop()
  }
  t.equal(waited.length, rows.length, 'it had to wait each time, and said so once')

  const alone = await openDatabase(config, log, { share: true })
  t.equal(alone.kind, 'embedded', 'without a server it starts the database itself')
  await alone.stop()
})

t.test('a port that another PostgreSQL has by now is not mistaken for the own one', { timeout: 120_000 }, async (t) => {
  const { dataDir, config, log } = place(t)
  const first = await startEmbeddedPostgres({ dataDir })
  await first.stop()
  const state = join(dataDir, 'postgres.json')
  const { port: foreign } = new URL(await emptyDatabase(t))
  const known = JSON.parse(readFileSync(state, 'utf8')) as { port: number }
  writeFileSync(state, JSON.stringify({ ...known, port: Number(foreign) }))
  const starting = startEmbeddedPostgres({ dataDir })
  const tool = await openDatabase(config, log, { share: true })
  const server = await starting
  t.equal(tool.url, server.url)
  t.not(new URL(server.url).port, foreign)
  await server.stop()
})

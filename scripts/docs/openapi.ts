import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/load.ts'
import { databaseUrl, startTestPostgres, TEMPLATE } from '../../test/helpers/postgres-server.ts'
import type { OpenApi } from './sdk-operations.ts'

/** The OpenAPI document of the server as it is, with every route registered: on a database of its own, which is gone afterwards. */
export async function openApiDocument(): Promise<OpenApi> {
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-docs-'))
  const database = await startTestPostgres()
  try {
    const config = loadConfig({ NODE_ENV: 'test', DATA_DIR: dataDir, LOG_LEVEL: 'fatal' })
    const app = await buildApp({ config, databaseUrl: databaseUrl(database.url, TEMPLATE) })
    await app.ready()
    const document = app.swagger() as unknown as OpenApi
    await app.close()
    return document
  } finally {
    await database.stop()
    rmSync(dataDir, { recursive: true, force: true })
  }
}

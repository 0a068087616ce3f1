import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FastifyInstance, LightMyRequestResponse } from 'fastify'
import type { Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/load.ts'
import type { SchemaMode } from '../../src/http/lazy-schemas.ts'
import { testDatabase } from './database.ts'
import routeRecord from './route-record.ts'

type Headers = Record<string, string>

/** What a test may want otherwise than usual. */
export interface TestAppOptions {
  /** Environment keys over the defaults of a test. */
  env?: Record<string, string>
  /** Another app's database, for two instances on one. */
  databaseUrl?: string
  /** When schemas are compiled. */
  schemas?: SchemaMode
  /** Takes the log lines. */
  onLog?: (line: Record<string, unknown>) => void
  /** Folder of a built web page to serve. */
  webRoot?: string
}

/** The whole server on a database of the test's own, ready but not listening. Closed when the test ends. */
export async function testApp(
  t: Test,
  { env = {}, databaseUrl, onLog, schemas, webRoot }: TestAppOptions = {},
): Promise<FastifyInstance> {
  const url = databaseUrl ?? (await testDatabase(t))
  const dataDir = mkdtempSync(join(tmpdir(), 'parley-test-'))
  const config = loadConfig({
    NODE_ENV: 'test',
    PORT: '0',
    DATA_DIR: dataDir,
    LOG_LEVEL: onLog ? 'info' : 'fatal',
    DATABASE_POOL: '4',
    RATE_LIMIT_AUTH: '10000/60',
    PASSWORD_MEMORY_KIB: '19456',
    ...env,
  })
  const logDestination = onLog && { write: (line: string) => onLog(JSON.parse(line) as Record<string, unknown>) }
  const app = await buildApp({
    config,
    ...(schemas && { schemas }),
    ...(webRoot && { webRoot }),
    databaseUrl: url,
    extensions: [routeRecord],
    ...(logDestination ? { logDestination } : {}),
  })
  t.teardown(async () => {
    await app.close()
    rmSync(dataDir, { recursive: true, force: true })
  })
  await app.ready()
  return app
}

let counter = 0

/** Calls an app as one caller, with its headers on every request. */
export function caller(app: FastifyInstance, base: Headers = {}) {
  const send =
    (method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE') =>
    (url: string, body?: unknown, headers: Headers = {}): Promise<LightMyRequestResponse> =>
      app.inject({
        method,
        url,
        headers: { ...base, ...headers },
        ...(body === undefined ? {} : { payload: body as object }),
      })
  return {
    get: (url: string, headers: Headers = {}) => send('GET')(url, undefined, headers),
    post: send('POST'),
    put: send('PUT'),
    patch: send('PATCH'),
    delete: (url: string, headers: Headers = {}) => send('DELETE')(url, undefined, headers),
  }
}

/** The password of everybody in the tests. */
export const PASSWORD = 'correct horse battery staple'

/** A registered, signed-in user of an app. */
export async function person(app: FastifyInstance, name = 'ada') {
  counter += 1
  const email = `${name}-${process.pid}-${counter}@example.org`
  const answer = await caller(app).post('/api/auth/register', { email, password: PASSWORD, name })
  if (answer.statusCode !== 201) throw new Error(`registration failed: ${answer.body}`)
  const { user, accessToken, refreshToken } = answer.json<{
    user: { id: string }
    accessToken: string
    refreshToken: string
  }>()
  const headers = { authorization: `Bearer ${accessToken}` }
  return { id: user.id, email, user, token: accessToken, refreshToken, headers, ...caller(app, headers) }
}

/** See {@link person}. */
export type Person = Awaited<ReturnType<typeof person>>

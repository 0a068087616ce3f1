import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { freePort } from '../lib/postgres.ts'
import { type ServerProcess, startServer } from '../lib/processes.ts'
import type { Bench } from '../lib/target.ts'

/** A configuration of production with every plugin at its default; only the limits are out of reach. */
export function environment(bench: Bench, databaseUrl: string): Record<string, string> {
  const unreachable = '1000000000/60'
  const groups = ['AUTH', 'READ', 'WRITE', 'UPLOAD', 'CHAT', 'SOCKET']
  return {
    HOST: '127.0.0.1',
    // All of the bench comes from one address.
    SOCKETS_PER_ADDRESS: '0',
    DATABASE_URL: databaseUrl,
    DATA_DIR: join(bench.workDir, 'parley'),
    JWT_SECRET: randomBytes(32).toString('hex'),
    COOKIE_SECRET: randomBytes(32).toString('hex'),
    ENCRYPTION_KEY: `1:${randomBytes(32).toString('base64')}`,
    ...Object.fromEntries(groups.map((group) => [`RATE_LIMIT_${group}`, unreachable])),
  }
}

/** JSON over the server's own API. */
export function client(port: number) {
  return async <T>(path: string, options: { method?: string; token?: string; body?: unknown } = {}): Promise<T> => {
    const response = await fetch(`http://127.0.0.1:${port}${path}`, {
      method: options.method ?? (options.body === undefined ? 'GET' : 'POST'),
      headers: {
        ...(options.body !== undefined && { 'content-type': 'application/json' }),
        ...(options.token !== undefined && { authorization: `Bearer ${options.token}` }),
      },
      ...(options.body !== undefined && { body: JSON.stringify(options.body) }),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${text}`)
    return (text === '' ? undefined : JSON.parse(text)) as T
  }
}

export type Client = ReturnType<typeof client>

/** What a registration answers, as far as it is needed. */
export interface Account {
  user: { id: string }
  accessToken: string
}

/** Makes an account. */
export const register = (call: Client, name: string, password = `a long passphrase of ${name}`) =>
  call<Account>('/api/auth/register', { body: { email: `${name}@example.com`, password } })

async function untilReady(server: ServerProcess): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    const response = await fetch(`http://127.0.0.1:${server.port}/health/ready`).catch(() => undefined)
    if (response?.status === 200) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('Parley is not ready after 10 s')
}

/** Starts the built server and waits until it is ready. */
export async function run(bench: Bench, script: string, env: Record<string, string>, nodeArgs: string[]) {
  const server = await startServer({
    name: 'parley',
    script,
    port: await freePort(),
    env,
    nodeArgs,
    logDir: bench.workDir,
  })
  try {
    await untilReady(server)
  } catch (error) {
    await server.stop()
    throw error
  }
  return server
}

import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import postgres from 'postgres'
import { freePort } from '../lib/postgres.ts'
import { type ServerProcess, startServer } from '../lib/processes.ts'
import { type Bench, type HttpTarget, rawRequest, type SocketTarget } from '../lib/target.ts'
import { seed } from '../seed.ts'
import { collectable, memoryFile } from './baseline-sockets.ts'

/** Sockets of one user in the room: below the server's cap for one user. */
const SOCKETS_PER_USER = 45
const USERS = 46

/** A configuration of production with every plugin at its default; only the limits are out of reach. */
function environment(bench: Bench, databaseUrl: string): Record<string, string> {
  const unreachable = '1000000000/60'
  const groups = ['AUTH', 'READ', 'WRITE', 'UPLOAD', 'CHAT', 'SOCKET']
  return {
    HOST: '127.0.0.1',
    DATABASE_URL: databaseUrl,
    DATA_DIR: join(bench.workDir, 'parley'),
    JWT_SECRET: randomBytes(32).toString('hex'),
    COOKIE_SECRET: randomBytes(32).toString('hex'),
    ENCRYPTION_KEY: `1:${randomBytes(32).toString('base64')}`,
    ...Object.fromEntries(groups.map((group) => [`RATE_LIMIT_${group}`, unreachable])),
  }
}

function client(port: number) {
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

type Client = ReturnType<typeof client>

interface Account {
  user: { id: string }
  accessToken: string
}

const register = (call: Client, name: string) =>
  call<Account>('/api/auth/register', {
    body: { email: `${name}@example.com`, password: `a long passphrase of ${name}` },
  })

async function untilReady(server: ServerProcess): Promise<void> {
  for (let attempt = 0; attempt < 500; attempt++) {
    const response = await fetch(`http://127.0.0.1:${server.port}/health/ready`).catch(() => undefined)
    if (response?.status === 200) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error('Parley is not ready after 10 s')
}

async function run(bench: Bench, script: string, env: Record<string, string>, nodeArgs: string[]) {
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

async function fill(call: Client, token: string): Promise<string[]> {
  const ids: string[] = []
  for (let i = 0; i < seed.conversations; i++) {
    // Without the assistant: its replies would be work that no baseline does.
    const body = { title: seed.title, assistant: 'off' }
    ids.push((await call<{ id: string }>('/api/conversations', { token, body })).id)
  }
  for (const id of ids.slice(0, seed.conversationsWithMessages)) {
    for (let i = 0; i < seed.messages; i++) {
      await call(`/api/conversations/${id}/messages`, { token, body: { content: seed.content } })
    }
  }
  return ids
}

/** What autovacuum does within a minute; the baselines get it too. */
async function analyze(url: string): Promise<void> {
  const sql = postgres(url, { max: 1, onnotice: () => {} })
  await sql.unsafe('analyze')
  await sql.end()
}

/** Starts the built Parley on its own database and fills it through its own API. */
export async function startParleyHttp(bench: Bench, script: string): Promise<HttpTarget> {
  const env = environment(bench, await bench.postgres.database('parley_http'))
  // For those who hunt a hot spot: BENCH_NODE_ARGS='--cpu-prof --cpu-prof-dir=/tmp/profiles' leaves a profile of the run there.
  const server = await run(bench, script, env, process.env.BENCH_NODE_ARGS?.split(' ') ?? [])
  const { port } = server
  const call = client(port)
  const { accessToken: token } = await register(call, 'bench')
  const ids = await fill(call, token)
  await analyze(env.DATABASE_URL!)
  const listed = ids.slice(0, seed.conversationsWithMessages)
  const path = '/api/conversations'
  return {
    server,
    plans: {
      hello: { requests: [rawRequest(port, '/health/live')], expectStatus: 200 },
      read: { requests: ids.map((id) => rawRequest(port, `${path}/${id}`, { token })), expectStatus: 200 },
      list: {
        requests: listed.map((id) => rawRequest(port, `${path}/${id}/messages?limit=20`, { token })),
        expectStatus: 200,
      },
      create: {
        requests: [rawRequest(port, path, { method: 'POST', token, body: { title: seed.title } })],
        expectStatus: 201,
      },
    },
  }
}

interface Hall {
  env: Record<string, string>
  tokens: string[]
  conversation: string
}

const halls = new WeakMap<Bench, Hall>()

/** The room and its members, made by the first start and found in the same database by the later ones. */
async function hallOf(bench: Bench, call: Client, env: Record<string, string>): Promise<Hall> {
  const accounts = await Promise.all(Array.from({ length: USERS }, (_, i) => register(call, `member-${i}`)))
  const token = accounts[0]!.accessToken
  const body = { title: 'Hall', assistant: 'off' }
  const { id } = await call<{ id: string }>('/api/conversations', { token, body })
  for (const { user } of accounts.slice(1)) {
    await call(`/api/conversations/${id}/members`, { token, body: { userId: user.id } })
  }
  const hall = { env, tokens: accounts.map((account) => account.accessToken), conversation: id }
  halls.set(bench, hall)
  return hall
}

/** Starts the built Parley for the socket loads: one room, as many users in it as its cap of sockets for each asks for. */
export async function startParleySockets(bench: Bench, script: string): Promise<SocketTarget> {
  const env = halls.get(bench)?.env ?? {
    ...environment(bench, await bench.postgres.database('parley_sockets')),
    BENCH_MEMORY_FILE: memoryFile(bench),
  }
  const server = await run(bench, script, env, collectable(bench))
  try {
    const hall = halls.get(bench) ?? (await hallOf(bench, client(server.port), env))
    return {
      server,
      path: '/ws',
      protocols: hall.tokens.flatMap((token) => Array(SOCKETS_PER_USER).fill(`parley.v1, bearer.${token}`)),
      join: [JSON.stringify({ type: 'subscribe', topic: `conversation:${hall.conversation}` })],
      joined: '"subscribed"',
      greeting: '"authenticated":true',
      publish: JSON.stringify({
        type: 'chat',
        conversationId: hall.conversation,
        content: '#{n}#',
        clientId: '{uuid}',
      }),
    }
  } catch (error) {
    await server.stop()
    throw error
  }
}

import postgres from 'postgres'
import { type Bench, type HttpTarget, rawRequest } from '../lib/target.ts'
import { seed } from '../seed.ts'
import { type Client, client, environment, register, run } from './parley-process.ts'

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

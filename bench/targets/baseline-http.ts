import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createSigner } from 'fast-jwt'
import postgres from 'postgres'
import { v7 } from 'uuid'
import { createTables } from '../baselines/tables.ts'
import { freePort } from '../lib/postgres.ts'
import { startServer } from '../lib/processes.ts'
import { type Bench, type HttpTarget, rawRequest } from '../lib/target.ts'
import { seed } from '../seed.ts'

const scripts = { N: 'node-http', L: 'lean', F: 'full' } as const

export type HttpBaseline = keyof typeof scripts

async function fill(databaseUrl: string): Promise<{ user: string; workspace: string; ids: string[] }> {
  const sql = postgres(databaseUrl, { max: 1, onnotice: () => {} })
  const user = v7()
  const workspace = v7()
  const ids = Array.from({ length: seed.conversations }, () => v7())
  await sql.unsafe(createTables)
  for (const id of ids) {
    await sql`insert into conversations values (
      ${id}, ${workspace}, ${seed.title}, 'auto', ${user}, 1, now(), now())`
  }
  for (const id of ids.slice(0, seed.conversationsWithMessages)) {
    for (let seq = 1; seq <= seed.messages; seq++) {
      await sql`insert into messages values (
        ${v7()}, ${id}, ${seq}, 'user', ${user}, ${seed.content}, null, null, 'complete', '[]', '[]', 1, now(), null, null)`
    }
  }
  await sql.unsafe('analyze')
  await sql.end()
  return { user, workspace, ids }
}

/** Starts one of the HTTP baselines on its own database, with the same number of records as Parley gets. */
export async function startHttpBaseline(bench: Bench, name: HttpBaseline): Promise<HttpTarget> {
  const databaseUrl = await bench.postgres.database(`baseline_${name.toLowerCase()}`)
  const { user, workspace, ids } = await fill(databaseUrl)
  const secret = randomBytes(32).toString('hex')
  const port = await freePort()
  const server = await startServer({
    name: scripts[name],
    script: join(bench.scripts, 'baselines', `${scripts[name]}.js`),
    port,
    env: { DATABASE_URL: databaseUrl, JWT_SECRET: secret },
    logDir: bench.workDir,
  })
  const token = createSigner({ key: secret, expiresIn: 3_600_000 })({ sub: user, wid: workspace })
  const listed = ids.slice(0, seed.conversationsWithMessages)
  return {
    server,
    plans: {
      hello: { requests: [rawRequest(port, '/hello')], expectStatus: 200 },
      read: { requests: ids.map((id) => rawRequest(port, `/conversations/${id}`, { token })), expectStatus: 200 },
      ...(name !== 'N' && {
        list: {
          requests: listed.map((id) => rawRequest(port, `/conversations/${id}/messages?limit=20`, { token })),
          expectStatus: 200,
        },
        create: {
          requests: [rawRequest(port, '/conversations', { method: 'POST', token, body: { title: seed.title } })],
          expectStatus: 201,
        },
      }),
    },
  }
}

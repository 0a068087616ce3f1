import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createSigner } from 'fast-jwt'
import { freePort } from '../lib/postgres.ts'
import { startServer } from '../lib/processes.ts'
import type { Bench, SocketTarget } from '../lib/target.ts'

const scripts = { ws: 'ws-bare', 'ws+JWT': 'ws-jwt' } as const

export type SocketBaseline = keyof typeof scripts

/** Where a socket server writes down its memory when it is asked to (SIGUSR2). */
export const memoryFile = (bench: Bench): string => join(bench.workDir, 'memory.json')

/** Node arguments that let the harness ask for a garbage collection (SIGUSR2) before it reads the memory. */
export function collectable(bench: Bench): string[] {
  return ['--expose-gc', '--import', join(bench.scripts, 'collect.js')]
}

/** Starts one of the socket baselines. */
export async function startSocketBaseline(bench: Bench, name: SocketBaseline): Promise<SocketTarget> {
  const secret = randomBytes(32).toString('hex')
  const port = await freePort()
  const server = await startServer({
    name: scripts[name],
    script: join(bench.scripts, 'baselines', `${scripts[name]}.js`),
    port,
    env: { JWT_SECRET: secret, BENCH_MEMORY_FILE: memoryFile(bench) },
    nodeArgs: collectable(bench),
    logDir: bench.workDir,
  })
  if (name === 'ws') {
    const publish = '{"type":"message","content":"#{n}#"}'
    return { server, path: '/', protocols: [], join: [], joined: '', greeting: '', publish }
  }
  const token = createSigner({ key: secret, expiresIn: 3_600_000 })({ sub: 'user' })
  return {
    server,
    path: '/ws',
    protocols: [`parley.v1, bearer.${token}`],
    join: ['{"type":"join","room":"hall"}'],
    joined: '"joined"',
    greeting: '',
    publish: '{"type":"message","room":"hall","content":"#{n}#"}',
  }
}

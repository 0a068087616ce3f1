import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { createSigner } from 'fast-jwt'
import { freePort } from '../lib/postgres.ts'
import { type ServerProcess, startServer } from '../lib/processes.ts'
import type { Bench, SocketTarget } from '../lib/target.ts'

const scripts = { ws: 'ws-bare', 'ws+JWT': 'ws-jwt', 'ws+INSERT': 'ws-insert', 'Socket.IO': 'socket-io' } as const

export type SocketBaseline = keyof typeof scripts

/** Where a socket server writes down its memory when it is asked to (SIGUSR2). */
export const memoryFile = (bench: Bench): string => join(bench.workDir, 'memory.json')

/** Node arguments that let the harness ask for a garbage collection (SIGUSR2) before it reads the memory. */
export function collectable(bench: Bench): string[] {
  return ['--expose-gc', '--import', join(bench.scripts, 'collect.js')]
}

/** How a connection speaks with each of them. `{pad}` and `{n}` are filled in by the generator. */
function speech(name: SocketBaseline, token: string): Omit<SocketTarget, 'server'> {
  if (name === 'ws')
    return { path: '/', protocols: [], sign: [], join: [], publish: '{"type":"message","content":"#{n}#{pad}"}' }
  if (name === 'Socket.IO') {
    return {
      path: '/socket.io/?EIO=4&transport=websocket',
      protocols: [],
      sign: [
        { send: [], until: '0{' },
        { send: [`40{"token":"${token}"}`], until: '40{' },
      ],
      join: [{ send: ['42["join","hall"]'], until: '"joined"' }],
      publish: '42["message",{"room":"hall","content":"#{n}#{pad}"}]',
    }
  }
  return {
    path: '/ws',
    protocols: [`parley.v1, bearer.${token}`],
    sign: [],
    join: [{ send: ['{"type":"join","room":"hall"}'], until: '"joined"' }],
    publish: '{"type":"message","room":"hall","content":"#{n}#{pad}"}',
  }
}

/** Starts one of the socket baselines. */
export async function startSocketBaseline(bench: Bench, name: SocketBaseline): Promise<SocketTarget> {
  const secret = randomBytes(32).toString('hex')
  const database: Record<string, string> =
    name === 'ws+INSERT'
      ? { DATABASE_URL: await bench.postgres.database(`insert_${randomBytes(4).toString('hex')}`) }
      : {}
  const server: ServerProcess = await startServer({
    name: scripts[name],
    script: join(bench.scripts, 'baselines', `${scripts[name]}.js`),
    port: await freePort(),
    env: { JWT_SECRET: secret, BENCH_MEMORY_FILE: memoryFile(bench), ...database },
    nodeArgs: collectable(bench),
    logDir: bench.workDir,
  })
  return { server, ...speech(name, createSigner({ key: secret, expiresIn: 3_600_000 })({ sub: 'user' })) }
}

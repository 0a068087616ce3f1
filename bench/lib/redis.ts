import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { connect } from 'node:net'
import { delimiter, join } from 'node:path'
import { freePort } from './postgres.ts'

/** A Redis for one run of the bench. */
export interface BenchRedis {
  url: string
  stop(): Promise<void>
}

const NAMES = ['redis-server', 'valkey-server']

/** Starts an empty Redis from PATH on a free port; undefined where there is none. */
export async function startRedis(workDir: string): Promise<BenchRedis | undefined> {
  const folders = (process.env.PATH ?? '').split(delimiter)
  const program = folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find((path) => existsSync(path))
  if (program === undefined) return undefined
  const port = await freePort()
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', workDir]
  const child = spawn(program, args, { stdio: 'ignore' })
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  for (let attempt = 0; attempt < 100; attempt++) {
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
      socket.on('connect', () => socket.destroy())
    })
    if (open) break
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  return {
    url: `redis://127.0.0.1:${port}`,
    stop() {
      child.kill()
      return exited
    },
  }
}

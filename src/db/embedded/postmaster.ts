import { type ChildProcess, execFileSync } from 'node:child_process'
import { readFileSync, readlinkSync, realpathSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Binaries } from './binaries.ts'
import { isRunning } from './lock.ts'
import { spawnProgram } from './process.ts'
import { type EmbeddedLog, EmbeddedPostgresError, type OsAccount } from './types.ts'

/** Server settings of the embedded PostgreSQL: durable, quiet (no statement or value in its log), small, on loopback only. */
export const DEFAULT_SETTINGS: Record<string, string> = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '300',
  shared_buffers: '64MB',
  work_mem: '8MB',
  maintenance_work_mem: '64MB',
  max_wal_size: '512MB',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_logical_replication_workers: '0',
  // A lookup by key is never a scan: PostgreSQL keeps the plans of foreign key checks, also of those made while a table was small.
  random_page_cost: '1.1',
  io_method: 'sync',
  jit: 'off',
  fsync: 'on',
  timezone: 'UTC',
  log_timezone: 'UTC',
  log_min_messages: 'log',
  log_min_error_statement: 'panic',
  log_error_verbosity: 'terse',
  log_checkpoints: 'off',
}

/** What a postmaster needs to be started. `settings` override {@link DEFAULT_SETTINGS}. */
export type PostmasterInput = {
  clusterDir: string
  binaries: Binaries
  account: OsAccount | undefined
  settings: Record<string, string>
  log: EmbeddedLog
}

/** A postmaster that accepts connections. `exited` resolves with its last words when it ends, for whatever reason. */
export type Postmaster = { child: ChildProcess; port: number; exited: Promise<string> }

/** Failures that pass by themselves: a predecessor still letting go of its lock file, shared memory or port. */
const PASSING = /lock file "postmaster\.pid"|pre-existing shared memory|could not create lock file/
const PORT_TAKEN = /Address already in use|could not bind|could not create any TCP\/IP sockets/

/** Why a start attempt failed, sorted by what helps. */
export class StartFailure extends Error {
  readonly kind: 'port' | 'passing' | 'final'

  constructor(output: string) {
    super(output.trim() || 'PostgreSQL ended without a word.')
    this.kind = PORT_TAKEN.test(output) ? 'port' : PASSING.test(output) ? 'passing' : 'final'
  }
}

/** One attempt. Resolves when PostgreSQL accepts connections; rejects with {@link StartFailure} when it ends before that. */
export function startPostmaster(input: PostmasterInput, port: number): Promise<Postmaster> {
  const { clusterDir, binaries, account, settings, log } = input
  const merged = { ...DEFAULT_SETTINGS, ...settings, port: String(port) }
  const args = ['-D', clusterDir, ...Object.entries(merged).flatMap(([name, value]) => ['-c', `${name}=${value}`])]
  const child = spawnProgram(binaries.postgres, args, account, { stdio: ['ignore', 'ignore', 'pipe'], cwd: clusterDir })
  return new Promise((resolve, reject) => {
    let words = ''
    let leave = (_: string) => {}
    const exited = new Promise<string>((done) => {
      leave = done
    })
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      words = (words + text).slice(-4096)
      for (const line of text.split('\n')) if (line !== '') log.debug({ postgres: line }, 'embedded PostgreSQL')
      if (text.includes('database system is ready to accept connections')) resolve({ child, port, exited })
    })
    child.on('error', (error) => reject(new StartFailure(error.message)))
    child.on('close', () => {
      reject(new StartFailure(words))
      leave(words)
    })
  })
}

/** Fast shutdown (clients are cut off, everything is flushed); without it after `graceMs`, immediate; at last SIGKILL. All three keep the data. */
export async function stopPid(pid: number, graceMs: number): Promise<void> {
  for (const [signal, patience] of [
    ['SIGINT', graceMs],
    ['SIGQUIT', 5_000],
    ['SIGKILL', 5_000],
  ] as const) {
    if (!send(pid, signal)) return
    if (await goneWithin(pid, patience)) return
  }
  throw new EmbeddedPostgresError(
    `An earlier embedded PostgreSQL (pid ${pid}) does not stop: end it by hand and start again.`,
  )
}

function send(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false
    throw new EmbeddedPostgresError(
      `An earlier embedded PostgreSQL (pid ${pid}) belongs to another account: stop it by hand and start again.`,
      { cause: error },
    )
  }
}

async function goneWithin(pid: number, patienceMs: number): Promise<boolean> {
  for (const end = Date.now() + patienceMs; Date.now() < end; await delay(10)) if (!isRunning(pid)) return true
  return !isRunning(pid)
}

/**
 * Stops a postmaster that an earlier, killed process left on this cluster, and removes a lock file whose number has meanwhile gone to
 * another program. Only call while holding the lock of the data directory.
 */
export async function clearOrphan(clusterDir: string, log: EmbeddedLog): Promise<void> {
  const file = join(clusterDir, 'postmaster.pid')
  const pid = Number.parseInt(readFirstLine(file), 10)
  if (!Number.isInteger(pid) || pid <= 0 || !isRunning(pid)) return
  const owner = whoIs(pid, clusterDir)
  if (owner === 'postmaster') {
    log.info({ pid }, 'stopping the embedded PostgreSQL of a process that was killed')
    await stopPid(pid, 20_000)
  } else if (owner === 'stranger') {
    rmSync(file, { force: true })
  }
}

/** A postmaster works inside its cluster's directory. Unknown is left to PostgreSQL, which then refuses to start rather than to share. */
function whoIs(pid: number, clusterDir: string): 'postmaster' | 'stranger' | 'unknown' {
  try {
    if (process.platform === 'linux') {
      return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(clusterDir) ? 'postmaster' : 'stranger'
    }
    const command = execFileSync('ps', ['-o', 'command=', '-p', String(pid)], { encoding: 'utf8' })
    if (command.includes(clusterDir)) return 'postmaster'
    return command.includes('postgres') ? 'unknown' : 'stranger'
  } catch {
    return 'unknown'
  }
}

function readFirstLine(file: string): string {
  try {
    return readFileSync(file, 'utf8').split('\n')[0] ?? ''
  } catch {
    return ''
  }
}

/** `wanted` when it is free on 127.0.0.1, else a free port of the system's choice. */
export async function freePort(wanted?: number): Promise<number> {
  return (wanted !== undefined && (await probe(wanted))) || (await probe(0)) || 0
}

function probe(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : undefined))
    })
  })
}

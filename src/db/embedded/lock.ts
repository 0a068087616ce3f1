import { execFileSync } from 'node:child_process'
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { EmbeddedPostgresError } from './types.ts'

/** A held lock. `release` is idempotent. */
export type Lock = { release(): void }

/** Who holds a lock: a process id alone would be mistaken once the number is used again, so its start time goes with it. */
type Holder = { pid: number; started: string }

/** States of a process that has ended, in /proc/<pid>/stat. */
const ENDED = new Set(['Z', 'X'])

/**
 * Takes the lock file at `path` for this process, and takes it over from a holder that no longer lives.
 * Throws {@link EmbeddedPostgresError} (busy) while a living process holds it.
 */
export function takeLock(path: string, what: string): Lock {
  const mine = `${JSON.stringify({ pid: process.pid, started: startOf(process.pid) } satisfies Holder)}\n`
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, mine, { mode: 0o600 })
  try {
    for (let attempt = 0; attempt < 5; attempt++) {
      if (tryLink(draft, path)) return { release: () => releaseIfOwn(path, mine) }
      const seen = readText(path)
      const holder = parseHolder(seen)
      if (holder && isAlive(holder)) {
        throw new EmbeddedPostgresError(
          `Another Parley process (pid ${holder.pid}) is already using ${what}: stop it first, give this one its own DATA_DIR, or set DATABASE_URL to share one PostgreSQL.`,
          { busy: true },
        )
      }
      if (seen !== undefined) removeStale(path, seen)
    }
    throw new EmbeddedPostgresError(`Several processes are starting on ${what} at once: try again.`, { busy: true })
  } finally {
    rmSync(draft, { force: true })
  }
}

/** The living process that holds the lock file at `path`; undefined when nobody does. */
export function lockHolder(path: string): number | undefined {
  const holder = parseHolder(readText(path))
  return holder && isAlive(holder) ? holder.pid : undefined
}

/** link(2) fails when the name exists, and the file appears with its content: there is never a half-written lock to be read. */
function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

/** Two starters may find the same stale lock: the slower one must not remove what the faster one has just put in its place. */
function removeStale(path: string, stale: string): void {
  const aside = `${path}.stale.${process.pid}`
  try {
    renameSync(path, aside)
  } catch {
    return
  }
  if (readText(aside) !== stale) tryLink(aside, path)
  rmSync(aside, { force: true })
}

function releaseIfOwn(path: string, mine: string): void {
  if (readText(path) === mine) rmSync(path, { force: true })
}

function parseHolder(text: string | undefined): Holder | undefined {
  try {
    const holder: Holder = JSON.parse(text ?? '')
    return Number.isInteger(holder.pid) && holder.pid > 0 ? holder : undefined
  } catch {
    return undefined
  }
}

function isAlive(holder: Holder): boolean {
  return isRunning(holder.pid) && startOf(holder.pid) === holder.started
}

/**
 * Whether a process with this id runs, whoever owns it. One that has ended but was not waited for yet does not: under an init that is slow to reap,
 * as in many containers, a killed server would else keep the next one from starting.
 */
export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !ENDED.has(statOf(pid)[0] ?? '')
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Fields of /proc/<pid>/stat from the state on; empty where there is none. The command name before them may hold spaces and brackets. */
function statOf(pid: number): string[] {
  const stat = readText(`/proc/${pid}/stat`) ?? ''
  return stat === '' ? [] : stat.slice(stat.lastIndexOf(')') + 2).split(' ')
}

/** When a process began, in whatever form this system tells it; empty when it cannot be told. Only ever compared for equality. */
function startOf(pid: number): string {
  if (process.platform === 'linux') return statOf(pid)[19] ?? ''
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], { encoding: 'utf8' }).trim()
  } catch {
    return ''
  }
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

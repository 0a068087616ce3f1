import { randomBytes } from 'node:crypto'
import { chmodSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { EmbeddedPostgresError } from './types.ts'

/** Name of both the superuser and the database inside the embedded cluster. */
export const OWNER = 'parley'

/** What is remembered between starts in `<DATA_DIR>/postgres.json` (mode 0600). */
export type EmbeddedState = {
  password: string
  /** Where the cluster is when it is not in the data directory itself. */
  elsewhere?: string
  /** TCP port on 127.0.0.1, kept so that other processes of this machine can find the server. */
  port?: number
  /** Whether the files that initdb wrote have reached the disk. */
  synced?: boolean
}

/** The files of one data directory that belong to the launcher. */
export function statePaths(dataDir: string) {
  return {
    state: join(dataDir, 'postgres.json'),
    lock: join(dataDir, 'postgres.lock'),
    cluster: join(dataDir, 'postgres'),
  }
}

/** Makes the data directory (0700) where it is missing; an existing one keeps its mode. */
export function ensureDataDir(dataDir: string): void {
  try {
    mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  } catch (cause) {
    throw new EmbeddedPostgresError(`The data directory ${dataDir} cannot be made: ${(cause as Error).message}`, {
      cause,
    })
  }
}

/** Lets other accounts pass through (not list) the data directory; its files stay closed to them. */
export function allowPassage(dataDir: string): void {
  const mode = statSync(dataDir).mode & 0o777
  if ((mode & 0o001) === 0) chmodSync(dataDir, mode | 0o011)
}

/** The remembered state, or undefined on a fresh data directory. Throws a sentence when it is unreadable. */
export function readState(path: string): EmbeddedState | undefined {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw new EmbeddedPostgresError(
      `${path} cannot be read (${(error as Error).message}): start Parley as the account that owns the data directory.`,
      { cause: error },
    )
  }
  try {
    const state: EmbeddedState = JSON.parse(text)
    if (typeof state.password === 'string') return state
  } catch {
    // Falls through: a damaged file is replaced, and the password in the cluster set anew.
  }
  return undefined
}

/** Replaces the file in one step: a reader sees the old or the new state, never half of one. */
export function writeState(path: string, state: EmbeddedState): void {
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 })
  renameSync(draft, path)
}

/** 192 random bits, safe inside a URL and an SQL literal. */
export function newPassword(): string {
  return randomBytes(24).toString('base64url')
}

/** The connection URL of the server that `state` describes. */
export function urlOf(state: EmbeddedState): string {
  return `postgres://${OWNER}:${state.password}@127.0.0.1:${state.port}/${OWNER}`
}

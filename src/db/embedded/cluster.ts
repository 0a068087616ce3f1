import { chownSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import type { Binaries } from './binaries.ts'
import { runProgram } from './process.ts'
import { OWNER } from './state.ts'
import { EmbeddedPostgresError, type OsAccount } from './types.ts'

const MAJOR = '18'

type ClusterInput = { clusterDir: string; binaries: Binaries; account: OsAccount | undefined; password: string }

/**
 * What is at `clusterDir`: nothing yet, or a cluster of our version. Throws a sentence for one of another version and for a folder
 * that holds something else.
 */
export function inspectCluster(clusterDir: string): 'absent' | 'present' {
  const version = readVersion(clusterDir)
  if (version === MAJOR) return 'present'
  if (version !== undefined) {
    throw new EmbeddedPostgresError(
      `${clusterDir} was made by PostgreSQL ${version}, this Parley brings PostgreSQL ${MAJOR}: use the Parley version that made it, or another DATA_DIR.`,
    )
  }
  if (listing(clusterDir).length > 0) {
    throw new EmbeddedPostgresError(
      `${clusterDir} holds files but no PostgreSQL cluster: move them away, or use another DATA_DIR.`,
    )
  }
  return 'absent'
}

/**
 * Makes a cluster with its owner and database in a temporary folder and renames it into place: an interrupted first start leaves
 * nothing that the next one could mistake for a cluster. Files are not flushed here; see {@link syncCluster}.
 */
export async function createCluster({ clusterDir, binaries, account, password }: ClusterInput): Promise<void> {
  const parent = dirname(clusterDir)
  const prefix = `${basename(clusterDir)}.new-`
  for (const name of listing(parent)) {
    if (name.startsWith(prefix)) rmSync(join(parent, name), { recursive: true, force: true, maxRetries: 5 })
  }
  const workDir = join(parent, `${prefix}${process.pid}`)
  mkdirSync(workDir, { mode: 0o700 })
  try {
    if (account) chownSync(workDir, account.uid, account.gid)
    const draft = join(workDir, 'cluster')
    await runInitdb(workDir, draft, { binaries, account, password })
    await runSingleUser(draft, { binaries, account }, `CREATE DATABASE ${OWNER};`, 'template1')
    renameSync(draft, clusterDir)
  } finally {
    rmSync(workDir, { recursive: true, force: true })
  }
}

async function runInitdb(workDir: string, draft: string, input: Omit<ClusterInput, 'clusterDir'>): Promise<void> {
  const { binaries, account, password } = input
  const passwordFile = join(workDir, 'password')
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 })
  if (account) chownSync(passwordFile, account.uid, account.gid)
  const args = [
    '-D',
    draft,
    '-U',
    OWNER,
    '-E',
    'UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
  ]
  args.push(
    '--auth-host=scram-sha-256',
    '--auth-local=reject',
    `--pwfile=${passwordFile}`,
    '--no-sync',
    '--no-instructions',
  )
  const made = await runProgram(binaries.initdb, args, account, { cwd: workDir })
  if (!made.ok) throw new EmbeddedPostgresError(`The embedded PostgreSQL could not be set up:\n${made.output.trim()}`)
}

/** Gives the owner of an existing cluster a new password, for when the file that held the old one was lost. No server may be running. */
export async function resetPassword(input: ClusterInput): Promise<void> {
  await runSingleUser(input.clusterDir, input, `ALTER ROLE ${OWNER} PASSWORD '${input.password}';`, OWNER)
}

async function runSingleUser(
  dir: string,
  { binaries, account }: Pick<ClusterInput, 'binaries' | 'account'>,
  sql: string,
  database: string,
) {
  const args = ['--single', '-F', '-D', dir, '-c', 'log_min_messages=error', '-c', 'exit_on_error=on', database]
  const done = await runProgram(binaries.postgres, args, account, { input: `${sql}\n`, cwd: dir })
  if (!done.ok) throw new EmbeddedPostgresError(`The embedded PostgreSQL could not be prepared:\n${done.output.trim()}`)
}

/** Flushes a freshly made cluster to the disk: PostgreSQL itself only flushes what it has changed since. Safe while the server runs. */
export async function syncCluster(
  clusterDir: string,
  binaries: Binaries,
  account: OsAccount | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  const args = ['--sync-only', '-D', clusterDir]
  return (await runProgram(binaries.initdb, args, account, { cwd: clusterDir, signal })).ok
}

function readVersion(clusterDir: string): string | undefined {
  try {
    return readFileSync(join(clusterDir, 'PG_VERSION'), 'utf8').trim()
  } catch {
    return undefined
  }
}

function listing(dir: string): string[] {
  try {
    return readdirSync(dir)
  } catch {
    return []
  }
}

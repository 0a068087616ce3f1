import { createHash } from 'node:crypto'
import { chownSync, mkdirSync, realpathSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { chooseAccount, isReachable, unreachablePart } from './account.ts'
import { prepareBinaries } from './binaries.ts'
import { createCluster, inspectCluster, resetPassword, syncCluster } from './cluster.ts'
import { lockHolder, takeLock } from './lock.ts'
import {
  clearOrphan,
  freePort,
  type Postmaster,
  type PostmasterInput,
  StartFailure,
  startPostmaster,
  stopPid,
} from './postmaster.ts'
import {
  allowPassage,
  type EmbeddedState,
  ensureDataDir,
  newPassword,
  readState,
  statePaths,
  urlOf,
  writeState,
} from './state.ts'
import { type EmbeddedLog, EmbeddedPostgresError, type OsAccount, silent } from './types.ts'

export { type EmbeddedLog, EmbeddedPostgresError } from './types.ts'

const START_PATIENCE_MS = 30_000

/** Options of {@link startEmbeddedPostgres}. */
export type EmbeddedOptions = {
  /** The DATA_DIR of this server. Made (0700) when missing. */
  dataDir: string
  log?: EmbeddedLog
  /** PostgreSQL settings that override the defaults, for example `{ fsync: 'off' }` in tests. */
  settings?: Record<string, string>
  /**
   * Where root keeps what the account of PostgreSQL cannot reach elsewhere.
   * @defaultValue `/var/lib/parley`
   */
  sharedDir?: string
}

/** A running embedded PostgreSQL that belongs to this process. */
export type EmbeddedPostgres = {
  /** Connection URL with the generated password: a secret, never to be logged. It stays the same for the life of this object. */
  url: string
  /** Process id of the present postmaster; another one after a crash was healed. */
  pid(): number | undefined
  /** Fast shutdown; resolves when PostgreSQL has ended. Idempotent. */
  stop(): Promise<void>
}

/**
 * Starts the PostgreSQL 18 that npm installed, on 127.0.0.1, in `dataDir`; makes its cluster on the first start; restarts it when it
 * dies. It is not for sharing: exactly one process owns a data directory at a time.
 * Throws {@link EmbeddedPostgresError}, whose message is a sentence for the operator.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const { log = silent, settings = {}, sharedDir = '/var/lib/parley' } = options
  const dataDir = resolve(options.dataDir)
  ensureDataDir(dataDir)
  const paths = statePaths(dataDir)
  const lock = takeLock(paths.lock, dataDir)
  try {
    const known = readState(paths.state)
    let state: EmbeddedState = known ?? { password: newPassword() }
    const account = chooseAccount(state.elsewhere ?? paths.cluster)
    const elsewhere = state.elsewhere ?? placeElsewhere(dataDir, sharedDir, account, log)
    const clusterDir = elsewhere ?? paths.cluster
    const binaries = await prepareBinaries(account, sharedDir)
    const input: PostmasterInput = { clusterDir, binaries, account, settings, log }
    if (inspectCluster(clusterDir) === 'absent') {
      // The password is on disk before the cluster that has it: a start killed in between repeats itself.
      state = { password: state.password, elsewhere, synced: false }
      writeState(paths.state, state)
      log.info({ dir: clusterDir }, 'setting up the embedded PostgreSQL')
      await createCluster({ ...input, password: state.password })
    } else {
      await clearOrphan(clusterDir, log)
      if (!known) await resetPassword({ ...input, password: state.password })
    }
    const first = await startWithRetries(input, state.port)
    state = { ...state, elsewhere, port: first.port }
    writeState(paths.state, state)
    return supervise(input, first, state, paths.state, lock.release)
  } catch (error) {
    lock.release()
    if (error instanceof StartFailure)
      throw new EmbeddedPostgresError(`The embedded PostgreSQL did not start:\n${error.message}`)
    throw error
  }
}

/**
 * The URL of the embedded PostgreSQL that another living process runs in `dataDir`; undefined when none does. For tools that work
 * beside a running server.
 */
export function findEmbeddedPostgres(dataDir: string): string | undefined {
  const paths = statePaths(resolve(dataDir))
  if (lockHolder(paths.lock) === undefined) return undefined
  const state = readState(paths.state)
  return state?.port === undefined ? undefined : urlOf(state)
}

/** Whether a living process owns the embedded PostgreSQL of `dataDir`: it runs, or is just being started or stopped. */
export const isEmbeddedOwned = (dataDir: string): boolean => lockHolder(statePaths(resolve(dataDir)).lock) !== undefined

/** For root: the place of the cluster when PostgreSQL's account cannot reach the data directory; undefined when it can. */
function placeElsewhere(
  dataDir: string,
  sharedDir: string,
  account: OsAccount | undefined,
  log: EmbeddedLog,
): string | undefined {
  if (!account) return undefined
  if (isReachable(dirname(dataDir), account)) {
    allowPassage(dataDir)
    return undefined
  }
  const id = createHash('sha256').update(realpathSync(dataDir)).digest('hex').slice(0, 12)
  const place = join(sharedDir, `data-${id}`)
  log.warn(
    { closed: unreachablePart(dataDir, account), account: account.name, dir: place },
    'PostgreSQL does not run as root and its account cannot enter the data directory: the database is kept elsewhere',
  )
  mkdirSync(place, { recursive: true, mode: 0o755 })
  chownSync(place, account.uid, account.gid)
  const closed = unreachablePart(place, account)
  if (closed !== undefined) {
    throw new EmbeddedPostgresError(
      `PostgreSQL does not run as root, and its account "${account.name}" can enter neither ${dataDir} nor ${closed}: choose a DATA_DIR that it can reach, or set DATABASE_URL.`,
    )
  }
  return join(place, 'postgres')
}

async function startWithRetries(
  input: PostmasterInput,
  remembered: number | undefined,
  fixed = false,
): Promise<Postmaster> {
  const end = Date.now() + START_PATIENCE_MS
  for (let port = fixed ? remembered : await freePort(remembered); ; ) {
    try {
      return await startPostmaster(input, port ?? 0)
    } catch (error) {
      if (!(error instanceof StartFailure) || error.kind === 'final' || Date.now() > end) throw error
      if (error.kind === 'port' && !fixed) port = await freePort()
      await delay(50)
    }
  }
}

function supervise(
  input: PostmasterInput,
  first: Postmaster,
  state: EmbeddedState,
  statePath: string,
  release: () => void,
): EmbeddedPostgres {
  let current: Postmaster | undefined = first
  let stopping: Promise<void> | undefined
  let healing: Promise<void> = Promise.resolve()

  const interruptAtExit = () => {
    current?.child.kill('SIGINT')
  }
  process.once('exit', interruptAtExit)

  const watch = (postmaster: Postmaster) => {
    void postmaster.exited.then((words) => {
      current = undefined
      if (stopping) return
      input.log.warn(
        { postgres: words.trim().slice(-500) },
        'the embedded PostgreSQL ended unexpectedly and is started again',
      )
      healing = heal()
    })
  }
  const heal = async () => {
    for (let pause = 50; !stopping; pause = Math.min(pause * 2, 2_000)) {
      try {
        await clearOrphan(input.clusterDir, input.log)
        current = await startWithRetries(input, state.port, true)
        watch(current)
        return
      } catch (error) {
        input.log.warn({ err: error }, 'the embedded PostgreSQL did not start again')
        await delay(pause)
      }
    }
  }
  const stop = async () => {
    flushing.abort()
    await healing
    process.removeListener('exit', interruptAtExit)
    const postmaster = current
    if (postmaster?.child.pid !== undefined) {
      await stopPid(postmaster.child.pid, 8_000)
      await postmaster.exited
    }
    release()
  }
  watch(first)
  const flushing = new AbortController()
  if (state.synced === false) void flush(input, state, statePath, flushing.signal)
  return {
    url: urlOf(state),
    pid: () => current?.child.pid,
    stop: () => {
      stopping ??= stop()
      return stopping
    },
  }
}

/** In the background of the first start: see {@link syncCluster}. Where it is cut short, the next start does it. */
async function flush(
  input: PostmasterInput,
  state: EmbeddedState,
  statePath: string,
  signal: AbortSignal,
): Promise<void> {
  const done = await syncCluster(input.clusterDir, input.binaries, input.account, signal)
  if (signal.aborted) return
  if (done) writeState(statePath, { ...state, synced: true })
  else
    input.log.warn({ dir: input.clusterDir }, 'the new cluster was not flushed to the disk; the next start tries again')
}

import { readFileSync, type Stats, statSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { EmbeddedPostgresError, type OsAccount } from './types.ts'

/**
 * The account PostgreSQL has to run as: itself for an ordinary user (undefined); for root, who is refused by PostgreSQL, the owner of
 * an existing cluster, else `postgres`, else `nobody`.
 */
export function chooseAccount(clusterDir: string | undefined): OsAccount | undefined {
  if (process.getuid?.() !== 0) return undefined
  const accounts = readAccounts()
  const owner = clusterDir ? statSync(clusterDir, { throwIfNoEntry: false }) : undefined
  if (owner && owner.uid !== 0) {
    const known = accounts.find((account) => account.uid === owner.uid)
    return { name: known?.name ?? String(owner.uid), uid: owner.uid, gid: owner.gid }
  }
  for (const name of ['postgres', 'nobody']) {
    const found = accounts.find((account) => account.name === name && account.uid !== 0)
    if (found) return found
  }
  throw new EmbeddedPostgresError(
    'PostgreSQL refuses to run as root and this system has neither a "postgres" nor a "nobody" account: start Parley as an ordinary user, or set DATABASE_URL.',
  )
}

function readAccounts(): OsAccount[] {
  try {
    return readFileSync('/etc/passwd', 'utf8')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => line.split(':'))
      .map(([name = '', , uid, gid]) => ({ name, uid: Number(uid), gid: Number(gid) }))
      .filter((account) => Number.isInteger(account.uid) && Number.isInteger(account.gid) && account.uid > 0)
  } catch {
    return []
  }
}

/** Whether `account` may enter `path` and every directory above it, by mode bits alone (access lists are not read). */
export function isReachable(path: string, account: OsAccount): boolean {
  return unreachablePart(path, account) === undefined
}

/** The topmost directory on the way to `path` that `account` may not enter; undefined when all are open to it. */
export function unreachablePart(path: string, account: OsAccount): string | undefined {
  const parts: string[] = []
  for (let at = resolve(path); ; at = dirname(at)) {
    parts.unshift(at)
    if (at === dirname(at)) break
  }
  return parts.find((part) => {
    const stats = statSync(part, { throwIfNoEntry: false })
    return stats !== undefined && !mayEnter(stats, account)
  })
}

function mayEnter(stats: Stats, account: OsAccount): boolean {
  if (stats.uid === account.uid) return (stats.mode & 0o100) !== 0
  if (stats.gid === account.gid) return (stats.mode & 0o010) !== 0
  return (stats.mode & 0o001) !== 0
}

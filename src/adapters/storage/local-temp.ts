import { createHash, randomBytes } from 'node:crypto'
import { readdir, rm, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'

/** A temp file untouched for this long belongs to nobody any more, whoever made it. */
const ABANDONED_AFTER_MS = 60 * 60 * 1000

const HOST = createHash('sha256').update(hostname()).digest('hex').slice(0, 12)
const BOOT = randomBytes(6).toString('hex')
const NAME = /^([0-9a-f]{12})\.(\d+)\.([0-9a-f]{12})\.[0-9a-f]{16}$/

/** A fresh name for a temp file; it tells the sweep which host, process and start of the process made it. */
export function tempName(): string {
  return `${HOST}.${process.pid}.${BOOT}.${randomBytes(8).toString('hex')}`
}

/**
 * Removes the temp files that a crash left behind and answers how many. Files of living processes stay: cluster
 * workers share the directory, and one that starts must not take the half-written uploads of its siblings.
 */
export async function sweepTemp(dir: string, now = Date.now()): Promise<number> {
  let removed = 0
  for (const name of await readdir(dir)) {
    const path = join(dir, name)
    if (!(await isAbandoned(path, name, now))) continue
    await rm(path, { force: true, recursive: true })
    removed += 1
  }
  return removed
}

async function isAbandoned(path: string, name: string, now: number): Promise<boolean> {
  const [, host, pid, boot] = NAME.exec(name) ?? []
  if (boot === BOOT) return false
  // The same process id with another boot mark: an earlier life of this process (in a container the id is always 1).
  if (host === HOST && (Number(pid) === process.pid || !isAlive(Number(pid)))) return true
  const info = await stat(path).catch(() => null)
  return info !== null && now - info.mtimeMs > ABANDONED_AFTER_MS
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

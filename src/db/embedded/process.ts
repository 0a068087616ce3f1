import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { join } from 'node:path'
import type { OsAccount } from './types.ts'

/** No locale, password or PostgreSQL variable of the caller may reach the children. macOS needs LC_ALL to be set. */
const environment = { PATH: process.env.PATH ?? '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }

let setpriv: string | null | undefined

/**
 * Starts a PostgreSQL program as `account`. Where the system can (Linux with util-linux), the kernel interrupts it when this process dies,
 * so that even kill -9 leaves no orphan behind. It gets its own process group: Ctrl-C must reach this process alone, which then stops
 * PostgreSQL last.
 */
export function spawnProgram(
  program: string,
  args: string[],
  account: OsAccount | undefined,
  options: SpawnOptions = {},
): ChildProcess {
  const wrapper = findSetpriv()
  const common: SpawnOptions = { env: environment, detached: true, ...options }
  if (!wrapper) return spawn(program, args, account ? { ...common, uid: account.uid, gid: account.gid } : common)
  const identity = account ? [`--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups'] : []
  return spawn(wrapper, ['--pdeathsig=INT', ...identity, '--', program, ...args], common)
}

function findSetpriv(): string | null {
  if (setpriv !== undefined) return setpriv
  setpriv = null
  if (process.platform !== 'linux') return setpriv
  for (const dir of environment.PATH.split(':')) {
    const candidate = join(dir, 'setpriv')
    try {
      accessSync(candidate, constants.X_OK)
      setpriv = candidate
      break
    } catch {
      // Not in this directory.
    }
  }
  return setpriv
}

/** How a program ended, with what it wrote to stderr and stdout (the last 8 KiB). */
export type Outcome = { ok: boolean; output: string }

/** Runs a program to its end, with `input` on its standard input. Never rejects: a program that cannot be started is not `ok`. */
export function runProgram(
  program: string,
  args: string[],
  account: OsAccount | undefined,
  { input = '', ...options }: SpawnOptions & { input?: string } = {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawnProgram(program, args, account, { ...options, stdio: 'pipe' })
    let output = ''
    const collect = (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-8192)
    }
    child.stdout?.on('data', collect)
    child.stderr?.on('data', collect)
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
    child.on('error', (error) => resolve({ ok: false, output: error.message }))
    child.on('close', (code) => resolve({ ok: code === 0, output }))
  })
}

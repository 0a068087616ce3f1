import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'

/** The root of the project: what is started is its build. */
export const projectRoot = dirname(dirname(dirname(fileURLToPath(import.meta.url))))

/** A started server or command, as anybody outside sees it. */
export type ServerProcess = {
  child: ChildProcess
  /** Such as `http://127.0.0.1:41234`; empty until {@link ServerProcess.ready}. */
  origin: string
  /** Everything it has written so far. */
  output(): string
  /** Resolves when /health/ready answers 200; rejects with the output when the process ends before. */
  ready(): Promise<ServerProcess>
  /** Sends a signal and resolves with the exit code, or the signal's name. */
  stop(signal?: NodeJS.Signals): Promise<number | string>
  exited: Promise<number | string>
}

export type ServerOptions = {
  env?: Record<string, string>
  args?: string[]
  /** Start as this account; needs root. */
  uid?: number
}

let built = false

/** A test file that is run by itself finds a build as current as `npm start` would. */
function ensureBuilt(): void {
  if (!built) execFileSync(process.execPath, [join(projectRoot, 'scripts', 'build.js')], { stdio: 'ignore' })
  built = true
}

/** A folder for a server's data, removed after the test. Open enough for PostgreSQL's account to pass when the tests run as root. */
export function dataFolder(t: Test): string {
  const dir = mkdtempSync(join(tmpdir(), 'parley-data-'))
  chmodSync(dir, 0o755)
  t.teardown(() => rmSync(dir, { recursive: true, force: true, maxRetries: 5 }))
  return join(dir, 'data')
}

/** Starts the built server with an environment of its own, on a free port unless PORT says otherwise. Killed when the test ends. */
export function startServer(
  t: Test,
  { env = {}, args = ['dist/src/server.js'], uid }: ServerOptions = {},
): ServerProcess {
  ensureBuilt()
  const inherited = { PATH: process.env.PATH, HOME: tmpdir(), NODE_V8_COVERAGE: process.env.NODE_V8_COVERAGE }
  const child = spawn(process.execPath, args, {
    cwd: projectRoot,
    env: { ...inherited, PORT: '0', LOG_LEVEL: 'info', RATE_LIMIT_AUTH: '1000/60', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(uid === undefined ? {} : { uid, gid: uid }),
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
  }
  const exited = once(child, 'close').then(([code, signal]): number | string => code ?? signal)
  t.teardown(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const server: ServerProcess = {
    child,
    origin: '',
    exited,
    output: () => output,
    ready: () => awaitReady(server),
    stop: (signal = 'SIGTERM') => {
      child.kill(signal)
      return exited
    },
  }
  return server
}

async function awaitReady(server: ServerProcess): Promise<ServerProcess> {
  for (const end = Date.now() + 60_000; Date.now() < end; await delay(25)) {
    if (server.child.exitCode !== null)
      throw new Error(`The process ended with ${server.child.exitCode}:\n${server.output()}`)
    server.origin ||= /listening at (https?:\/\/[^"\s]+)/.exec(server.output())?.[1] ?? ''
    if (server.origin && (await isReady(server.origin))) return server
  }
  throw new Error(`Not ready in time:\n${server.output()}`)
}

async function isReady(origin: string): Promise<boolean> {
  try {
    return (await fetch(`${origin}/health/ready`)).ok
  } catch {
    return false
  }
}

/** Exit code and output of a start that is expected to fail. */
export async function failedStart(t: Test, env: Record<string, string>) {
  const server = startServer(t, { env })
  return { code: await server.exited, output: server.output() }
}

/** Runs `parley <args>` to its end. */
export async function runCli(
  t: Test,
  args: string[],
  env: Record<string, string> = {},
): Promise<{ code: number | string; output: string }> {
  const run = startServer(t, { args: ['bin/parley.js', ...args], env })
  const code = await run.exited
  return { code, output: run.output() }
}

/** Whether a process is alive, seen from outside. */
export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Process id of the embedded PostgreSQL in a data folder; undefined when there is none. */
export function postgresPid(dataDir: string): number | undefined {
  const file = join(dataDir, 'postgres', 'postmaster.pid')
  if (!existsSync(file)) return undefined
  const pid = Number.parseInt(execFileSync('head', ['-n', '1', file], { encoding: 'utf8' }), 10)
  return Number.isInteger(pid) ? pid : undefined
}

/** JSON over HTTP: the status and the body. */
export async function request(url: string, body?: unknown, headers: Record<string, string> = {}) {
  const response = await fetch(url, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  const type = response.headers.get('content-type') ?? ''
  return { status: response.status, headers: response.headers, body: type.includes('json') ? JSON.parse(text) : text }
}

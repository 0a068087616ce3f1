import { type ChildProcess, fork, spawn } from 'node:child_process'
import { createWriteStream, mkdirSync, openSync, readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import type { HttpOrder, HttpOutcome } from './http-load.ts'
import type { SocketOrder, SocketOutcome } from './socket-load.ts'

/** A server under test in a process of its own. */
export interface ServerProcess {
  pid: number
  port: number
  stop(): Promise<void>
}

export interface ServerCommand {
  name: string
  script: string
  port: number
  env: Record<string, string>
  nodeArgs?: string[]
  logDir: string
}

const ended = (child: ChildProcess) => child.exitCode !== null || child.signalCode !== null

/** Resolves once something accepts connections at the port. */
export async function untilListening(port: number, child: ChildProcess, logFile: string): Promise<void> {
  const deadline = Date.now() + 30_000
  while (Date.now() < deadline) {
    if (ended(child)) throw new Error(`the server ended at its start:\n${readFileSync(logFile, 'utf8').slice(-2_000)}`)
    const open = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true))
      socket.on('error', () => resolve(false))
      socket.on('connect', () => socket.destroy())
    })
    if (open) return
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  throw new Error(`nothing listens at port ${port} after 30 s`)
}

/** Stops a child politely, and not so after 10 s. */
export function stopChild(child: ChildProcess): Promise<void> {
  if (ended(child)) return Promise.resolve()
  return new Promise((resolve) => {
    const force = setTimeout(() => child.kill('SIGKILL'), 10_000)
    child.once('exit', () => {
      clearTimeout(force)
      resolve()
    })
    child.kill('SIGTERM')
  })
}

/** Starts a server; its standard output goes to a real file, as the logs of a real one do. */
export async function startServer(command: ServerCommand): Promise<ServerProcess> {
  mkdirSync(command.logDir, { recursive: true })
  const logFile = join(command.logDir, `${command.name}.log`)
  const log = openSync(logFile, 'a')
  const child = spawn(process.execPath, [...(command.nodeArgs ?? []), command.script], {
    stdio: ['ignore', log, log],
    // Nothing of the caller's environment: every target gets the same.
    env: { PATH: process.env.PATH ?? '', NODE_ENV: 'production', PORT: String(command.port), ...command.env },
  })
  try {
    await untilListening(command.port, child, logFile)
  } catch (error) {
    await stopChild(child)
    throw error
  }
  return { pid: child.pid!, port: command.port, stop: () => stopChild(child) }
}

/** The generator process: takes one order at a time. */
export interface Generator {
  run(order: HttpOrder): Promise<HttpOutcome>
  run(order: SocketOrder): Promise<SocketOutcome>
  stop(): Promise<void>
}

export function startGenerator(script: string, logDir: string): Generator {
  const child = fork(script, { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] })
  child.stderr?.pipe(createWriteStream(join(logDir, 'generator.log')))
  function run(order: HttpOrder): Promise<HttpOutcome>
  function run(order: SocketOrder): Promise<SocketOutcome>
  function run(order: HttpOrder | SocketOrder): Promise<HttpOutcome | SocketOutcome> {
    return new Promise((resolve, reject) => {
      const died = () => reject(new Error('the load generator ended'))
      child.once('exit', died)
      child.once('message', (answer: { outcome?: HttpOutcome | SocketOutcome; error?: string }) => {
        child.off('exit', died)
        if (answer.outcome) resolve(answer.outcome)
        else reject(new Error(answer.error ?? 'the generator said nothing'))
      })
      child.send(order)
    })
  }
  return { run, stop: () => stopChild(child) }
}

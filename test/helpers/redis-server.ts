import { type ChildProcess, spawn } from 'node:child_process'
import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Redis } from 'ioredis'

/** A Redis to test against; `stop` ends it where this process started it. */
export type TestRedis = { url: string; stop(): Promise<void> }

const LOCAL = 'redis://127.0.0.1:6379'

/**
 * REDIS_URL, else a Redis at 127.0.0.1:6379, else a redis-server or valkey-server on PATH started on a free port; undefined where there is
 * none. A REDIS_URL that does not answer is an error: somebody meant it.
 */
export async function findTestRedis(): Promise<TestRedis | undefined> {
  const given = process.env.REDIS_URL
  if (given) {
    if (await answers(given)) return { url: given, stop: async () => {} }
    throw new Error('REDIS_URL is set, but no Redis answers there')
  }
  if (await answers(LOCAL)) return { url: LOCAL, stop: async () => {} }
  const program = onPath('redis-server') ?? onPath('valkey-server')
  return program ? startRedis(program) : undefined
}

async function answers(url: string): Promise<boolean> {
  const redis = new Redis(url, {
    lazyConnect: true,
    connectTimeout: 1_000,
    retryStrategy: null,
    maxRetriesPerRequest: 0,
  })
  redis.on('error', () => {})
  try {
    await redis.connect()
    return (await redis.ping()) === 'PONG'
  } catch {
    return false
  } finally {
    redis.disconnect()
  }
}

function onPath(name: string): string | undefined {
  return (process.env.PATH ?? '')
    .split(':')
    .map((dir) => join(dir, name))
    .find((file) => {
      try {
        accessSync(file, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
}

async function startRedis(program: string): Promise<TestRedis> {
  const dir = mkdtempSync(join(tmpdir(), 'parley-redis-'))
  const port = await freePort()
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no', '--dir', dir]
  const child = spawn(program, args, { stdio: 'ignore' })
  const killAtExit = () => child.kill('SIGKILL')
  process.once('exit', killAtExit)
  const url = `redis://127.0.0.1:${port}`
  for (const end = Date.now() + 5_000; !(await answers(url)); await delay(20)) {
    if (Date.now() > end || child.exitCode !== null) throw new Error(`${program} does not start`)
  }
  return { url, stop: () => stopRedis(child, dir, killAtExit) }
}

async function stopRedis(child: ChildProcess, dir: string, killAtExit: () => void): Promise<void> {
  process.removeListener('exit', killAtExit)
  if (child.exitCode === null) {
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill('SIGTERM')
    await gone
  }
  rmSync(dir, { recursive: true, force: true })
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}

import type { BenchPostgres } from './postgres.ts'
import type { Generator, ServerProcess } from './processes.ts'
import type { Step } from './socket-load.ts'

export type HttpLoadName = 'hello' | 'read' | 'list' | 'create'

/** The raw requests of one HTTP load against one target, and the status that each must get. */
export interface HttpPlan {
  requests: string[]
  expectStatus: number
}

/** A started HTTP target with its data in place. */
export interface HttpTarget {
  server: ServerProcess
  plans: Partial<Record<HttpLoadName, HttpPlan>>
}

/** How members connect to, and publish in, a room of a socket target. */
export interface SocketTarget {
  server: ServerProcess
  path: string
  protocols: string[]
  /** What a fresh connection does until it is authenticated; nothing where the handshake is all. */
  sign: Step[]
  /** What makes it a member of the room. */
  join: Step[]
  publish: string
}

/** What loads and targets share in one run. */
export interface Bench {
  postgres: BenchPostgres
  generator: Generator
  /** Where the compiled baselines and generator are. */
  scripts: string
  workDir: string
  /** The checkout. */
  root: string
  rounds: number
  seconds: number
  connections: number
}

/** One raw keep-alive request. */
export function rawRequest(
  port: number,
  path: string,
  options: { method?: string; token?: string; body?: unknown; headers?: Record<string, string> } = {},
): string {
  const body = options.body === undefined ? '' : JSON.stringify(options.body)
  return [
    `${options.method ?? 'GET'} ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    'Accept: application/json',
    ...(options.token === undefined ? [] : [`Authorization: Bearer ${options.token}`]),
    ...Object.entries(options.headers ?? {}).map(([name, value]) => `${name}: ${value}`),
    ...(body === '' ? [] : ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`]),
    '',
    body,
  ].join('\r\n')
}

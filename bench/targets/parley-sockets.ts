import { join } from 'node:path'
import type { ServerProcess } from '../lib/processes.ts'
import type { Bench, SocketTarget } from '../lib/target.ts'
import { collectable, memoryFile } from './baseline-sockets.ts'
import { type Client, client, environment, register, run } from './parley-process.ts'

/** Sockets of one user in the room: below the server's cap for one user. */
const SOCKETS_PER_USER = 45
/** Registrations at the same time: each costs a hashed password. */
const AT_ONCE = 8

/** What a start of Parley for the socket loads may want otherwise. */
export interface HallOptions {
  /** Sockets that shall find a place in the room. @defaultValue 2001 */
  sockets?: number
  redisUrl?: string | undefined
  /** Whether what is published is handed on without being stored; see bench/unstored.ts. */
  unstored?: boolean
}

interface Hall {
  env: Record<string, string>
  tokens: string[]
  conversation: string
}

const halls = new WeakMap<Bench, Map<string, Hall>>()

/** The room and its members, made by the first start and found in the same database by the later ones. */
async function makeHall(call: Client, env: Record<string, string>, users: number): Promise<Hall> {
  const accounts = []
  for (let at = 0; at < users; at += AT_ONCE) {
    const names = Array.from({ length: Math.min(AT_ONCE, users - at) }, (_, i) => `member-${at + i}`)
    accounts.push(...(await Promise.all(names.map((name) => register(call, name)))))
  }
  const token = accounts[0]!.accessToken
  const body = { title: 'Hall', assistant: 'off' }
  const { id } = await call<{ id: string }>('/api/conversations', { token, body })
  for (const { user } of accounts.slice(1)) {
    await call(`/api/conversations/${id}/members`, { token, body: { userId: user.id } })
  }
  return { env, tokens: accounts.map((account) => account.accessToken), conversation: id }
}

/** A message that is stored, and a piece of an answer that is not. */
function publishing(conversationId: string, unstored: boolean): object {
  const topic = `conversation:${conversationId}`
  const content = '#{n}#{pad}'
  return unstored
    ? { type: 'say', topic, messageId: conversationId, text: content }
    : { type: 'chat', conversationId, content, clientId: '{uuid}' }
}

const targetOf = (server: ServerProcess, { tokens, conversation }: Hall, unstored: boolean): SocketTarget => ({
  server,
  path: '/ws',
  protocols: tokens.flatMap((token) => Array(SOCKETS_PER_USER).fill(`parley.v1, bearer.${token}`)),
  sign: [{ send: [], until: '"authenticated":true' }],
  join: [
    {
      send: [JSON.stringify({ type: 'subscribe', topic: `conversation:${conversation}` })],
      until: '"subscribed"',
    },
  ],
  publish: JSON.stringify(publishing(conversation, unstored)),
})

/**
 * Starts the built Parley for the socket loads: one room, as many users in it as its cap of sockets for each asks for. A second start with
 * the same options, while the first runs or after it, is another instance on the same database.
 */
export async function startParleySockets(
  bench: Bench,
  script: string,
  { sockets = 2_001, redisUrl, unstored = false }: HallOptions = {},
): Promise<SocketTarget> {
  const key = `${sockets} ${redisUrl ?? ''}`
  const known = halls.get(bench) ?? new Map<string, Hall>()
  halls.set(bench, known)
  const env = known.get(key)?.env ?? {
    ...environment(bench, await bench.postgres.database(`parley_sockets_${known.size}`)),
    // Tokens made at the first start have to last for all rounds.
    ACCESS_TOKEN_TTL: '86400',
    BENCH_MEMORY_FILE: memoryFile(bench),
    ...(redisUrl !== undefined && { REDIS_URL: redisUrl }),
  }
  const profiled = process.env.BENCH_NODE_ARGS?.split(' ') ?? []
  const preloaded = unstored ? ['--import', join(bench.scripts, 'unstored.js')] : []
  const server = await run(bench, script, env, [...collectable(bench), ...preloaded, ...profiled])
  try {
    const hall = known.get(key) ?? (await makeHall(client(server.port), env, Math.ceil(sockets / SOCKETS_PER_USER)))
    known.set(key, hall)
    return targetOf(server, hall, unstored)
  } catch (error) {
    await server.stop()
    throw error
  }
}

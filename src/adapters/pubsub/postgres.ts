import { randomUUID } from 'node:crypto'
import type { Sql } from 'postgres'
import type { PubSub, PubSubHealth, PubSubOptions } from '../../contracts/pubsub.ts'
import postgres from '../../db/driver.ts'
import { assertSmall, createChannels } from './channels.ts'
import { createUnpacker, type Parcel, packEnvelopes } from './envelopes.ts'

/** What the PostgreSQL adapter takes. */
export interface PostgresPubSubOptions extends PubSubOptions {
  /** postgres:// address. Two connections are opened: one that listens, one that notifies. */
  url: string
}

const PROBE = '~probe'
const PROBE_MS = 15_000

/**
 * The bus over LISTEN/NOTIFY: one PostgreSQL channel per namespace, messages of one event loop turn packed together.
 *
 * A NOTIFY inside a writing transaction takes a lock on the whole database at commit; therefore this adapter has its own
 * connections, and callers announce after they have committed. Works through no transaction-mode pooler.
 */
export async function createPostgresPubSub(options: PostgresPubSubOptions): Promise<PubSub> {
  const { url, namespace = 'parley', onError = () => {}, healthTimeoutMs = 2000, probeIntervalMs = PROBE_MS } = options
  const channels = createChannels(onError)
  const unpacker = createUnpacker()
  const probes = new Map<string, () => void>()
  const queue: Parcel[] = []
  let flushing: Promise<void> | undefined
  let listened = false
  let closed = false
  let sql = await connect()

  async function connect(): Promise<Sql> {
    const client = postgres(url, {
      max: 1,
      idle_timeout: 0,
      // A listener must not be recycled: what is sent meanwhile would be lost.
      max_lifetime: null,
      connect_timeout: 5,
      backoff: (retries) => Math.min(0.05 * 2 ** retries, 1),
      fetch_types: false,
      onnotice: () => {},
      // A NOTIFY takes a transaction number, so its commit would wait for the disk; what is announced here has been committed before.
      connection: { application_name: `${namespace}-pubsub`, synchronous_commit: 'off' },
    })
    try {
      await client.listen(namespace, receive, listening)
    } catch (error) {
      await client.end({ timeout: 0 })
      throw error
    }
    return client
  }

  function listening(): void {
    const first = !listened
    listened = true
    unpacker.reset()
    if (!first && !closed) channels.reconnected()
  }

  function receive(text: string): void {
    try {
      for (const [channel, payload] of unpacker.unpack(text)) {
        if (channel === PROBE) probes.get(payload)?.()
        else channels.deliver(channel, payload)
      }
    } catch (error) {
      onError(error)
    }
  }

  async function send(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
    flushing = undefined
    const client = sql
    // Pipelined on one connection, so that they arrive in this order.
    await Promise.all(packEnvelopes(queue.splice(0)).map((text) => client`select pg_notify(${namespace}, ${text})`))
  }

  function enqueue(channel: string, payload: string): Promise<void> {
    queue.push([channel, payload])
    flushing ??= send()
    return flushing
  }

  async function roundTrip(): Promise<number> {
    const id = randomUUID()
    const started = performance.now()
    let timer: NodeJS.Timeout | undefined
    try {
      await new Promise<void>((resolve, reject) => {
        timer = setTimeout(() => reject(new Error(`no answer within ${healthTimeoutMs} ms`)), healthTimeoutMs)
        probes.set(id, resolve)
        enqueue(PROBE, id).catch(reject)
      })
      return performance.now() - started
    } finally {
      clearTimeout(timer)
      probes.delete(id)
    }
  }

  /** Replaces connections that look open and carry nothing. `listening` tells the subscribers. */
  async function probe(): Promise<void> {
    try {
      await roundTrip()
    } catch (error) {
      if (closed) return
      onError(error)
      const old = sql
      const fresh = await connect().catch(onError)
      if (!fresh) return
      if (closed) return void (await fresh.end({ timeout: 0 }))
      sql = fresh
      await old.end({ timeout: 0 })
    }
  }

  let probing = false
  const timer = setInterval(() => {
    if (probing) return
    probing = true
    void probe().finally(() => {
      probing = false
    })
  }, probeIntervalMs)
  timer.unref()

  return {
    recordBytes: 0,
    async publish(channel, payload) {
      if (closed) throw new Error('pub/sub is closed')
      assertSmall(payload)
      await enqueue(channel, payload)
    },
    async subscribe(channel, handler) {
      if (closed) throw new Error('pub/sub is closed')
      return channels.add(channel, handler, async () => {})
    },
    onReconnect: channels.onReconnect,
    async health(): Promise<PubSubHealth> {
      try {
        return { ok: true, backend: 'postgres', latencyMs: await roundTrip() }
      } catch (error) {
        return { ok: false, backend: 'postgres', error: error instanceof Error ? error.message : String(error) }
      }
    },
    async close() {
      if (closed) return
      closed = true
      clearInterval(timer)
      await flushing?.catch(onError)
      channels.clear()
      await sql.end({ timeout: 2 })
    },
  }
}

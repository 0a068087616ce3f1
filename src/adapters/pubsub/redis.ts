import { randomUUID } from 'node:crypto'
import type { PubSub, PubSubHealth, PubSubOptions } from '../../contracts/pubsub.ts'
import { assertSmall, createChannels } from './channels.ts'

/** What the Redis adapter takes. */
export interface RedisPubSubOptions extends PubSubOptions {
  /** redis:// or rediss:// address. Two connections are opened: a subscriber may not publish. */
  url: string
}

/** Redis hands a message on from memory: a small record costs it no more than its pointer. */
const RECORD_BYTES = 16 * 1024
/** How long a command may wait for a connection before it fails, ms. */
const COMMAND_TIMEOUT_MS = 2000
const PROBE_MS = 15_000

/** The bus over Redis PUBLISH/SUBSCRIBE; channels are prefixed with the namespace. Redis keeps nothing for absentees. */
export async function createRedisPubSub(options: RedisPubSubOptions): Promise<PubSub> {
  const { url, namespace = 'parley', onError = () => {}, healthTimeoutMs = 2000, probeIntervalMs = PROBE_MS } = options
  const channels = createChannels(onError)
  const prefix = `${namespace}:`
  const shared = {
    lazyConnect: true,
    connectionName: `${namespace}-pubsub`,
    keepAlive: 10_000,
    connectTimeout: 5000,
    retryStrategy: (times: number) => Math.min(50 * 2 ** times, 1000),
  }
  const { Redis } = await import('ioredis')
  const sender = new Redis(url, { ...shared, commandTimeout: COMMAND_TIMEOUT_MS })
  // Subscribing again is done here, so that `reconnected` is told only once it holds.
  const receiver = new Redis(url, { ...shared, autoResubscribe: false, maxRetriesPerRequest: null })
  let ready = false
  let closed = false

  for (const client of [sender, receiver]) client.on('error', (error: unknown) => onError(error))
  receiver.on('message', (channel: string, payload: string) => {
    channels.deliver(channel.slice(prefix.length), payload)
  })
  receiver.on('ready', () => {
    if (!ready) {
      ready = true
      return
    }
    const names = channels.names().map((name) => prefix + name)
    const again = names.length > 0 ? receiver.subscribe(...names) : Promise.resolve()
    again.then(() => channels.reconnected()).catch(onError)
  })
  try {
    await Promise.all([sender.connect(), receiver.connect()])
  } catch (error) {
    sender.disconnect()
    receiver.disconnect()
    throw error
  }

  async function subscribe(channel: string, handler: (payload: string) => void) {
    if (closed) throw new Error('pub/sub is closed')
    const stop = channels.add(channel, handler, async () => {
      if (!closed) await receiver.unsubscribe(prefix + channel)
    })
    try {
      await receiver.subscribe(prefix + channel)
    } catch (error) {
      await stop().catch(onError)
      throw error
    }
    return stop
  }

  const probeChannel = `probe:${randomUUID()}`
  const probes = new Map<string, () => void>()
  await subscribe(probeChannel, (id) => probes.get(id)?.())

  async function roundTrip(): Promise<number> {
    const id = randomUUID()
    const started = performance.now()
    let timer: NodeJS.Timeout | undefined
    try {
      await new Promise<void>((resolve, reject) => {
        timer = setTimeout(() => reject(new Error(`no answer within ${healthTimeoutMs} ms`)), healthTimeoutMs)
        probes.set(id, resolve)
        sender.publish(prefix + probeChannel, id).catch(reject)
      })
      return performance.now() - started
    } finally {
      clearTimeout(timer)
      probes.delete(id)
    }
  }

  /** Replaces connections that look open and carry nothing: nobody else would notice, for a subscriber asks for nothing. */
  let probing = false
  const timer = setInterval(() => {
    if (probing || receiver.status !== 'ready') return
    probing = true
    roundTrip()
      .catch((error: unknown) => {
        if (closed || receiver.status !== 'ready') return
        onError(error)
        for (const client of [sender, receiver]) client.disconnect(true)
      })
      .finally(() => {
        probing = false
      })
  }, probeIntervalMs)
  timer.unref()

  return {
    recordBytes: RECORD_BYTES,
    async publish(channel, payload) {
      if (closed) throw new Error('pub/sub is closed')
      assertSmall(payload)
      await sender.publish(prefix + channel, payload)
    },
    subscribe,
    onReconnect: channels.onReconnect,
    async health(): Promise<PubSubHealth> {
      try {
        return { ok: true, backend: 'redis', latencyMs: await roundTrip() }
      } catch (error) {
        return { ok: false, backend: 'redis', error: error instanceof Error ? error.message : String(error) }
      }
    },
    async close() {
      if (closed) return
      closed = true
      clearInterval(timer)
      channels.clear()
      await Promise.allSettled([sender.quit(), receiver.quit()])
      sender.disconnect()
      receiver.disconnect()
    },
  }
}

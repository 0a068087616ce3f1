import type { Queue } from '../../contracts/queue.ts'
import { createBullmqQueue } from './bullmq.ts'

/** Settings of the queue on Redis. */
export interface RedisQueueOptions {
  /** `redis://` or `rediss://` address. */
  url: string
  /** Put before every key. Default `{parley}`; the braces keep all keys in one slot of a Redis cluster. */
  prefix?: string
  onError?: (error: Error) => void
}

/**
 * The queue on Redis or Valkey. Redis must not evict (`maxmemory-policy noeviction`); what it loses is filled again
 * from the `jobs` table. Uses connections of its own (one for commands, one a worker to wait on), because a blocking
 * command must not hold up the cache. Loads BullMQ when called.
 */
export async function createRedisQueue(options: RedisQueueOptions): Promise<Queue> {
  const [bullmq, { Redis }] = await Promise.all([import('bullmq'), import('ioredis')])
  const { onError = () => {}, prefix = '{parley}' } = options
  const connection = new Redis(options.url, {
    maxRetriesPerRequest: null, // BullMQ's condition; `add` has a time limit of its own
    lazyConnect: true,
    connectionName: 'parley-queue',
    retryStrategy: (times) => Math.min(100 * times, 1_000),
  })
  connection.on('error', onError)
  try {
    await connection.connect()
  } catch (error) {
    connection.disconnect()
    throw error
  }
  const backend = {
    name: 'bullmq-redis',
    errors: bullmq,
    openQueue: (lane: string) => new bullmq.Queue(lane, { connection, prefix }),
    openWorker: (lane, processor, workerOptions) =>
      new bullmq.Worker(lane, processor, { ...workerOptions, connection, prefix }),
    ping: () => connection.ping(),
    close: async () => connection.disconnect(),
  } satisfies Parameters<typeof createBullmqQueue>[0]
  return createBullmqQueue(backend, onError)
}

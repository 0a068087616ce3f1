import type { Queue } from '../../contracts/queue.ts'
import { createBullmqQueue } from './bullmq.ts'

/** Settings of the queue on PostgreSQL. */
export interface PostgresQueueOptions {
  /** Connection string of the database; the queue keeps its tables in the schema `bullmq`. */
  url: string
  /** Connections for commands; each worker adds one that listens. Default 4. */
  connections?: number
  onError?: (error: Error) => void
}

/**
 * The queue on PostgreSQL: BullMQ's own tables, taken with SKIP LOCKED and woken by LISTEN/NOTIFY. Needs nothing but
 * the database that is there anyway; about a third of the speed of Redis. Loads BullMQ and pg when called, and
 * brings the schema up to date.
 */
export async function createPostgresQueue(options: PostgresQueueOptions): Promise<Queue> {
  const [bullmq, { default: pg }] = await Promise.all([import('bullmq'), import('pg')])
  const { onError = () => {}, connections = 4 } = options
  const listening = new Set<string>()
  const connection = new pg.Pool({
    connectionString: options.url,
    options: '-c search_path=bullmq',
    application_name: 'parley-queue',
    max: connections,
    connectionTimeoutMillis: 5_000,
    keepAlive: true,
  })
  connection.on('error', onError)
  // The pool listens to idle clients only, and BullMQ to none that it holds for a moment: an error that nobody hears would end the process.
  connection.on('acquire', (client) => client.on('error', onError))
  connection.on('release', (_error, client) => client.off('error', onError))
  try {
    const client = await connection.connect()
    try {
      await bullmq.runMigrations(client, bullmq.DEFAULT_SCHEMA)
    } finally {
      client.release()
    }
  } catch (error) {
    await connection.end()
    throw error
  }
  const backend = {
    name: 'bullmq-postgres',
    errors: bullmq,
    openQueue: (lane: string) => new bullmq.Queue(lane, { connection }, bullmq.createPostgresBackend),
    openWorker(lane, processor, workerOptions) {
      // The listening client is taken from this pool for as long as the worker lives; one that is replaced leaves its place to the next.
      connection.options.max = connections + listening.add(lane).size
      return new bullmq.Worker(lane, processor, { ...workerOptions, connection }, bullmq.createPostgresBackend)
    },
    ping: () => connection.query('select 1'),
    close: () => connection.end(),
  } satisfies Parameters<typeof createBullmqQueue>[0]
  return createBullmqQueue(backend, onError)
}

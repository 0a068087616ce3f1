import { createServer, connect as dial, type Socket } from 'node:net'
import { Redis } from 'ioredis'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { createUnpacker, type Parcel, packEnvelopes } from '../../src/adapters/pubsub/envelopes.ts'
import { createPostgresPubSub } from '../../src/adapters/pubsub/postgres.ts'
import { createRedisPubSub } from '../../src/adapters/pubsub/redis.ts'
import { PUBSUB_MAX_BYTES, type PubSub, type PubSubOptions } from '../../src/contracts/pubsub.ts'
import { testDatabase } from '../helpers/database.ts'
import { testRedis } from '../helpers/redis.ts'

interface Backend {
  name: string
  /** Its address for this test; undefined after having skipped it because the service is not there. */
  address(t: Test): Promise<string | undefined>
  create(options: PubSubOptions & { url: string }): Promise<PubSub>
  /** Closes all connections of one namespace on the server's side. */
  kill(url: string, namespace: string): Promise<void>
}

const backends: Backend[] = [
  {
    name: 'postgres',
    address: testDatabase,
    create: createPostgresPubSub,
    async kill(url, namespace) {
      const sql = postgres(url, { max: 1 })
      await sql`select pg_terminate_backend(pid) from pg_stat_activity where application_name = ${`${namespace}-pubsub`}`
      await sql.end()
    },
  },
  {
    name: 'redis',
    address: testRedis,
    create: createRedisPubSub,
    async kill(url, namespace) {
      const redis = new Redis(url)
      const clients = String(await redis.call('CLIENT', 'LIST')).split('\n')
      for (const client of clients.filter((line) => line.includes(` name=${namespace}-pubsub `))) {
        await redis.call('CLIENT', 'KILL', 'ID', /id=(\d+)/.exec(client)![1]!)
      }
      await redis.quit()
    },
  },
]

/** Resolves with the first `count` messages of a channel. */
async function collect(bus: PubSub, channel: string, count: number) {
  const received: string[] = []
  let done: (value: string[]) => void
  const all = new Promise<string[]>((resolve) => {
    done = resolve
  })
  const stop = await bus.subscribe(channel, (payload) => {
    received.push(payload)
    if (received.length === count) done(received)
  })
  return { all, stop, received }
}

let worlds = 0
const namespaceOf = () => `t${process.pid}_${worlds++}`

for (const backend of backends) {
  t.test(`pub/sub on ${backend.name}`, async (t) => {
    const url = await backend.address(t)
    if (url === undefined) return

    async function world(options: PubSubOptions & { url?: string } = {}) {
      const namespace = namespaceOf()
      const settings = { url: url as string, namespace, ...options }
      const [a, b] = await Promise.all([backend.create(settings), backend.create(settings)])
      t.teardown(async () => void (await Promise.all([a.close(), b.close()])))
      return { a, b, namespace }
    }

    await t.test('every instance hears it once and in order, the sender too', async (t) => {
      const { a, b } = await world()
      const texts = Array.from({ length: 300 }, (_, i) => `${i} "quoted" \\ ünï\u2028 😀`)
      const [atA, atB] = [await collect(a, 'x', 300), await collect(b, 'x', 300)]
      await Promise.all(texts.map((text) => a.publish('x', text)))
      t.strictSame(await atA.all, texts)
      t.strictSame(await atB.all, texts)
    })

    await t.test('channels and namespaces are kept apart; unsubscribe ends it', async (t) => {
      const { a, b } = await world()
      const foreign = await world()
      const other = await collect(foreign.a, 'x', 1)
      const [gone, kept] = [await collect(b, 'x', 1), await collect(b, 'y', 1)]
      await gone.stop()
      await gone.stop()
      await a.publish('x', 'unheard')
      await a.publish('y', 'heard')
      t.strictSame(await kept.all, ['heard'])
      t.strictSame(gone.received, [])
      t.strictSame(other.received, [])
    })

    await t.test('long payloads arrive whole, up to the limit', async (t) => {
      const { a, b } = await world()
      const long = ['é😀"\\\n\u0000'.repeat(9000), 'x'.repeat(PUBSUB_MAX_BYTES), '']
      const seen = await collect(b, 'x', long.length)
      await Promise.all(long.map((text) => a.publish('x', text)))
      t.strictSame(await seen.all, long)
      await t.rejects(a.publish('x', 'x'.repeat(PUBSUB_MAX_BYTES + 1)), RangeError)
    })

    await t.test('a handler that throws harms nobody else', async (t) => {
      const errors: unknown[] = []
      const { a } = await world({ onError: (error) => errors.push(error) })
      await a.subscribe('x', () => {
        throw new Error('handler')
      })
      const seen = await collect(a, 'x', 2)
      await a.publish('x', '1')
      await a.publish('x', '2')
      t.strictSame(await seen.all, ['1', '2'])
      t.match(errors, [{ message: 'handler' }, { message: 'handler' }])
    })

    await t.test('a killed connection heals by itself and says so', async (t) => {
      const { a, b, namespace } = await world()
      const healed = Promise.all([a, b].map((bus) => new Promise<void>((resolve) => void bus.onReconnect(resolve))))
      const seen = await collect(b, 'x', 1)
      await backend.kill(url, namespace)
      await healed
      await a.publish('x', 'after')
      t.strictSame(await seen.all, ['after'])
      t.match(await b.health(), { ok: true, backend: backend.name, latencyMs: Number })
    })

    await t.test('health tells the truth while the backend is out of reach, then again after', async (t) => {
      const wire = await cuttable(url)
      t.teardown(() => wire.close())
      const { a } = await world({ url: wire.url, healthTimeoutMs: 300 })
      t.match(await a.health(), { ok: true })
      const healed = new Promise<void>((resolve) => void a.onReconnect(resolve))
      wire.cut()
      t.match(await a.health(), { ok: false, error: String })
      wire.heal()
      await healed
      t.match(await a.health(), { ok: true })
    })

    await t.test('close is final and may be called twice', async (t) => {
      const { a } = await world()
      await a.close()
      await a.close()
      await t.rejects(a.publish('x', ''), /closed/)
      await t.rejects(
        a.subscribe('x', () => {}),
        /closed/,
      )
    })

    await t.test('an address where nobody listens fails at once', async (t) => {
      const address = new URL(url)
      address.port = '1'
      await t.rejects(backend.create({ url: address.href }))
    })
  })
}

t.test('PostgreSQL replaces a connection that looks open and carries nothing', async (t) => {
  const wire = await cuttable(await testDatabase(t))
  t.teardown(() => wire.close())
  const bus = await createPostgresPubSub({
    url: wire.url,
    namespace: namespaceOf(),
    probeIntervalMs: 50,
    healthTimeoutMs: 100,
  })
  t.teardown(() => bus.close())
  const healed = new Promise<void>((resolve) => void bus.onReconnect(resolve))
  wire.stall()
  await healed
  const seen = await collect(bus, 'x', 1)
  await bus.publish('x', 'through')
  t.strictSame(await seen.all, ['through'])
})

t.test('envelopes stay under the limit of NOTIFY and come back the same', async (t) => {
  const parcels: Parcel[] = []
  for (let i = 0; i < 400; i++)
    parcels.push([`c${i % 7}`, ['é', '😀', '"\\', 'x', '\ud800'][i % 5]!.repeat((i * 97) % 5000)])
  const texts = packEnvelopes(parcels)
  t.ok(texts.every((text) => Buffer.byteLength(text) < 8000))
  const unpacker = createUnpacker()
  t.strictSame(texts.flatMap(unpacker.unpack), parcels)
  t.throws(() => unpacker.unpack('no envelope'))
})

/** A TCP proxy in front of a service: cut (refuses and resets), heal, stall (today's connections carry nothing more). */
async function cuttable(target: string) {
  const address = new URL(target)
  const sockets = new Set<Socket>()
  let open = true
  const server = createServer((near) => {
    if (!open) return void near.destroy()
    const far = dial(Number(address.port || 5432), address.hostname)
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => {}).on('close', () => [near, far].forEach((each) => void each.destroy()))
    }
    near.pipe(far).pipe(near)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const own = new URL(target)
  own.host = `127.0.0.1:${(server.address() as { port: number }).port}`
  const drop = () => sockets.forEach((socket) => void socket.destroy())
  return {
    url: own.href,
    cut() {
      open = false
      drop()
    },
    heal() {
      open = true
    },
    stall: () => sockets.forEach((socket) => void socket.unpipe().pause()),
    close() {
      drop()
      server.close()
    },
  }
}

import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import pg from 'pg'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { createPostgresQueue } from '../../src/adapters/queue/bullmq-postgres.ts'
import { createRedisQueue } from '../../src/adapters/queue/bullmq-redis.ts'
import {
  JobCancelled,
  QUEUE_TIMING,
  QueueClosing,
  type QueueJobContext,
  type QueueTiming,
  Unrecoverable,
} from '../../src/contracts/queue.ts'
import { testDatabase } from '../helpers/database.ts'
import { testRedis } from '../helpers/redis.ts'

/** Fast enough for a test; the shape is that of production. */
const FAST: QueueTiming = { lockMs: 1_000, stalledCheckMs: 400, maxStalls: 3 }

/** The backends: each opens queues that share what processes share. Redis is skipped by name where there is none. */
const backends = [
  {
    name: 'postgres',
    find: testDatabase,
    open: (url: string) => createPostgresQueue({ url }),
  },
  { name: 'redis', find: testRedis, open: (url: string) => createRedisQueue({ url }) },
]

t.test('the production times take up a killed job within 25 s, after three deaths at least', async (t) => {
  t.ok(QUEUE_TIMING.lockMs + 2 * QUEUE_TIMING.stalledCheckMs <= 25_000)
  t.ok(QUEUE_TIMING.maxStalls >= 3)
})

t.test('a connection that breaks while the queue is opened fails the opening, and nothing else', async (t) => {
  const url = await testDatabase(t)
  await (await createPostgresQueue({ url })).close()
  const sql = postgres(url, { max: 2 })
  t.teardown(() => sql.end())
  const errors: Error[] = []
  await sql.begin(async (tx) => {
    await tx`lock table bullmq.migration in access exclusive mode`
    const opening = createPostgresQueue({ url, onError: (error) => errors.push(error) })
    const end = () => sql`select pg_terminate_backend(pid) from pg_stat_activity
      where application_name = 'parley-queue' and datname = current_database() and wait_event_type = 'Lock'`
    await Promise.all([t.rejects(opening), until(async () => (await end()).count > 0)])
  })
  t.match(errors[0], { message: /terminat/ })
  const queue = await createPostgresQueue({ url })
  t.match(await queue.health(), { ok: true })
  await queue.close()
})

t.test('a connection that breaks while somebody holds it and asks it nothing ends no process', async (t) => {
  const url = await testDatabase(t)
  const pools: pg.Pool[] = []
  const { Pool } = pg
  pg.Pool = class extends Pool {
    constructor(options?: pg.PoolConfig) {
      super(options)
      pools.push(this)
    }
  } as typeof Pool
  const queue = await createPostgresQueue({ url }).finally(() => {
    pg.Pool = Pool
  })
  t.teardown(() => queue.close({ graceMs: 0 }))
  // As BullMQ does for a moment whenever a queue or a worker makes itself ready.
  const held = await pools[0]?.connect()
  const ended = new Promise<void>((resolve) => held?.on('end', () => resolve()))
  const [backend] = (await held?.query<{ pid: number }>('select pg_backend_pid() as pid'))?.rows ?? []
  const sql = postgres(url, { max: 1 })
  t.teardown(() => sql.end())
  await sql`select pg_terminate_backend(${backend?.pid ?? 0})`
  await ended
  held?.release(true)
  t.match(await queue.health(), { ok: true })
})

for (const backend of backends) {
  t.test(`queue on ${backend.name}`, async (t) => {
    const url = await backend.find(t)
    if (url === undefined) return
    /** A queue of its own connections, and a lane nobody else uses. */
    const world = async (t: Test) => {
      const queue = await backend.open(url)
      t.teardown(() => queue.close({ graceMs: 0 }))
      return { queue, lane: `lane-${randomUUID()}` }
    }

    t.test('runs each job once, with its data, though it is added twice', async (t) => {
      const { queue, lane } = await world(t)
      t.equal(queue.backend, `bullmq-${backend.name}`)
      const seen = new Gathered<QueueJobContext>(5)
      await queue.add(lane, { id: 'a', name: 'one', data: { n: 1 } })
      await queue.add(lane, { id: 'a', name: 'one', data: { n: 2 } })
      await queue.addBulk(lane, [])
      await queue.addBulk(
        lane,
        ['a', 'b', 'c', 'd', 'e'].map((id) => ({ id, name: 'many', data: { id } })),
      )
      t.match(await queue.counts(lane), { waiting: 5, active: 0, delayed: 0 })
      t.equal(await queue.state(lane, 'a'), 'waiting')
      await queue.process(lane, async (job) => seen.add(job), { concurrency: 2 })
      const jobs = await seen.all
      t.strictSame(jobs.map((job) => job.id).sort(), ['a', 'b', 'c', 'd', 'e'])
      const first = jobs.find((job) => job.id === 'a')
      t.match(first, { name: 'one', data: { n: 1 }, attempt: 1, lastAttempt: true })
      await until(async () => (await queue.counts(lane)).completed === 5)
      await queue.add(lane, { id: 'a', name: 'one', data: {} })
      t.equal(await queue.state(lane, 'a'), 'completed', 'one that finished lately is not run again')
      t.equal(await queue.state(lane, 'nobody'), 'unknown')
      await t.rejects(
        queue.process(lane, async () => {}),
        /already works/,
      )
    })

    t.test('high goes before normal before low; a delayed one waits', async (t) => {
      const { queue, lane } = await world(t)
      for (const priority of ['low', 'normal', 'high'] as const) {
        for (const n of [1, 2]) await queue.add(lane, { id: `${priority}-${n}`, name: 'x', data: {}, priority })
      }
      const start = Date.now()
      await queue.add(lane, { id: 'later', name: 'x', data: {}, delayMs: 300 })
      t.equal(await queue.state(lane, 'later'), 'delayed')
      const order = new Gathered<string>(7)
      let waited = 0
      await queue.process(lane, async (job) => {
        if (job.id === 'later') waited = Date.now() - start
        order.add(job.id)
      })
      // When the delayed one is due the others need not all be done.
      const others = (await order.all).filter((id) => id !== 'later')
      t.strictSame(others, ['high-1', 'high-2', 'normal-1', 'normal-2', 'low-1', 'low-2'])
      t.ok(waited >= 295, 'not before its time')
    })

    t.test('keeps to its concurrency', async (t) => {
      const { queue, lane } = await world(t)
      let now = 0
      let most = 0
      const done = new Gathered<string>(9)
      await queue.addBulk(
        lane,
        Array.from({ length: 9 }, (_, i) => ({ id: `j${i}`, name: 'x', data: {} })),
      )
      await queue.process(
        lane,
        async (job) => {
          most = Math.max(most, ++now)
          await new Promise((resolve) => setTimeout(resolve, 30))
          now--
          done.add(job.id)
        },
        { concurrency: 3 },
      )
      await done.all
      t.equal(most, 3)
    })

    t.test('tries again with growing pauses, then gives up and says so', async (t) => {
      const { queue, lane } = await world(t)
      const tries: { id: string; attempt: number; last: boolean; at: number }[] = []
      const dead = new Gathered<{ id: string; message: string }>(2)
      await queue.process(
        lane,
        async (job) => {
          tries.push({ id: job.id, attempt: job.attempt, last: job.lastAttempt, at: Date.now() })
          if (job.name === 'hopeless') throw new Unrecoverable('it cannot be')
          throw new Error('no luck')
        },
        { concurrency: 2, onDead: (job, error) => dead.add({ id: job.id, message: error.message }) },
      )
      await queue.add(lane, { id: 'unlucky', name: 'x', data: {}, attempts: 3, backoffMs: 60 })
      await queue.add(lane, { id: 'hopeless', name: 'hopeless', data: {}, attempts: 3, backoffMs: 60 })
      const ends = await dead.all
      t.strictSame(
        ends.sort((a, b) => a.id.localeCompare(b.id)),
        [
          { id: 'hopeless', message: 'it cannot be' },
          { id: 'unlucky', message: 'no luck' },
        ],
      )
      t.equal(tries.filter((one) => one.id === 'hopeless').length, 1)
      const unlucky = tries.filter((one) => one.id === 'unlucky')
      t.strictSame(
        unlucky.map(({ attempt, last }) => ({ attempt, last })),
        [
          { attempt: 1, last: false },
          { attempt: 2, last: false },
          { attempt: 3, last: true },
        ],
      )
      t.ok(unlucky[1]!.at - unlucky[0]!.at >= 29, 'at least half of the first pause')
      t.ok(unlucky[2]!.at - unlucky[1]!.at >= 59, 'at least half of the doubled one')
      t.equal(await queue.state(lane, 'unlucky'), 'failed')
      t.match(await queue.counts(lane), { failed: 2 })
    })

    t.test('remembers progress', async (t) => {
      const { queue, lane } = await world(t)
      let open = () => {}
      const gate = new Promise<void>((resolve) => {
        open = resolve
      })
      await queue.add(lane, { id: 'p', name: 'x', data: {} })
      t.equal(await queue.progress(lane, 'p'), 0)
      t.equal(await queue.progress(lane, 'nobody'), undefined)
      const half = new Gathered<number>(1)
      await queue.process(lane, async (job) => {
        await job.progress(0.5)
        half.add(1)
        await gate
        await job.progress(7)
      })
      await half.all
      t.equal(await queue.progress(lane, 'p'), 0.5)
      open()
      await until(async () => (await queue.state(lane, 'p')) === 'completed')
      t.equal(await queue.progress(lane, 'p'), 1, 'never more than 1')
    })

    t.test('cancel: one that waits, one that runs here, one that runs elsewhere, one that is gone', async (t) => {
      const { queue, lane } = await world(t)
      const other = (await world(t)).queue
      const started = new Gathered<string>(1)
      const aborted = new Gathered<unknown>(1)
      const ran: string[] = []
      await queue.process(lane, async (job) => {
        ran.push(job.id)
        started.add(job.id)
        await new Promise<never>((_, reject) => {
          job.signal.addEventListener('abort', () => {
            aborted.add(job.signal.reason)
            reject(job.signal.reason)
          })
        })
      })
      await queue.add(lane, { id: 'runs', name: 'x', data: {}, attempts: 5, backoffMs: 10 })
      await started.all
      await queue.add(lane, { id: 'waits', name: 'x', data: {} })
      await queue.add(lane, { id: 'not-yet', name: 'x', data: {}, delayMs: 60_000 })
      t.equal(await other.cancel(lane, 'waits'), 'removed')
      t.equal(await other.cancel(lane, 'not-yet'), 'removed')
      t.equal(await other.cancel(lane, 'waits'), 'gone')
      t.equal(await other.cancel(lane, 'nobody'), 'gone')
      t.equal(await other.cancel(lane, 'runs'), 'elsewhere')
      t.equal(await queue.cancel(lane, 'runs'), 'signalled')
      t.ok((await aborted.all)[0] instanceof JobCancelled)
      await until(async () => (await queue.state(lane, 'runs')) === 'failed')
      t.equal(await queue.cancel(lane, 'runs'), 'gone')
      t.strictSame(ran, ['runs'], 'a cancelled job is not tried again')
    })

    t.test('close waits for what runs, and gives back what takes too long', async (t) => {
      const { queue, lane } = await world(t)
      const second = await backend.open(url)
      const started = new Gathered<string>(2)
      const reasons: unknown[] = []
      await second.process(
        lane,
        async (job) => {
          started.add(job.id)
          if (job.id === 'short') return void (await new Promise((resolve) => setTimeout(resolve, 50)))
          await once(job.signal, 'abort')
          reasons.push(job.signal.reason)
          throw job.signal.reason
        },
        { concurrency: 2 },
      )
      await queue.addBulk(lane, [
        { id: 'short', name: 'x', data: {} },
        { id: 'long', name: 'x', data: {}, attempts: 1 },
      ])
      await started.all
      await second.close({ graceMs: 200 })
      t.ok(reasons[0] instanceof QueueClosing)
      t.equal(await queue.state(lane, 'short'), 'completed')
      t.equal(await queue.state(lane, 'long'), 'waiting', 'given back at once')
      const again = new Gathered<QueueJobContext>(1)
      await queue.process(lane, async (job) => again.add(job))
      const [job] = await again.all
      t.match(job, { id: 'long', lastAttempt: true }, 'unspoilt: its attempt was not used up')
    })

    t.test('a job whose worker is killed with SIGKILL is taken up again', async (t) => {
      const { queue, lane } = await world(t)
      const dead: string[] = []
      await queue.add(lane, { id: 'survivor', name: 'x', data: { keep: 'me' }, attempts: 1 })
      for (let death = 1; death <= 2; death++) {
        const args = [backend.name, url, lane, JSON.stringify(FAST)]
        const child = fork(new URL('./queue-worker.ts', import.meta.url), args, { execArgv: ['--import=tsx'] })
        const [message] = await once(child, 'message')
        t.match(message, { id: 'survivor', attempt: death })
        child.kill('SIGKILL')
        await once(child, 'exit')
      }
      t.equal(await queue.state(lane, 'survivor'), 'active', 'nobody has noticed yet')
      const seen = new Gathered<QueueJobContext>(1)
      const start = Date.now()
      await queue.process(lane, async (job) => seen.add(job), { timing: FAST, onDead: (job) => dead.push(job.id) })
      const [job] = await seen.all
      t.match(job, { id: 'survivor', data: { keep: 'me' }, attempt: 3, lastAttempt: true })
      t.ok(Date.now() - start < FAST.lockMs + 3 * FAST.stalledCheckMs + 1_000)
      await until(async () => (await queue.state(lane, 'survivor')) === 'completed')
      t.strictSame(dead, [])
    })

    t.test('two processes share a lane without doing anything twice', async (t) => {
      const { queue, lane } = await world(t)
      const other = (await world(t)).queue
      const seen = new Gathered<string>(200)
      const by = { first: 0, second: 0 }
      for (const [name, one] of [
        ['first', queue],
        ['second', other],
      ] as const) {
        await one.process(
          lane,
          async (job) => {
            by[name]++
            await new Promise((resolve) => setImmediate(resolve))
            seen.add(job.id)
          },
          { concurrency: 4 },
        )
      }
      await queue.addBulk(
        lane,
        Array.from({ length: 200 }, (_, i) => ({ id: `j${i}`, name: 'x', data: {} })),
      )
      t.equal(new Set(await seen.all).size, 200)
      await until(async () => (await queue.counts(lane)).completed === 200)
      t.equal(by.first + by.second, 200)
      t.match(await queue.health(), { ok: true })
    })
  })
}

t.test('postgres: a worker lives through lost connections', async (t) => {
  const errors: Error[] = []
  const url = await testDatabase(t)
  const queue = await createPostgresQueue({ url, onError: (error) => void errors.push(error) })
  t.teardown(() => queue.close({ graceMs: 0 }))
  const lane = `lane-${randomUUID()}`
  const before = new Gathered<string>(1)
  const after = new Gathered<string>(2)
  await queue.process(lane, async (job) => {
    before.add(job.id)
    after.add(job.id)
  })
  await queue.add(lane, { id: 'before', name: 'x', data: {} })
  await before.all
  const sql = postgres(url, { max: 1 })
  await sql`select pg_terminate_backend(pid) from pg_stat_activity
    where pid <> pg_backend_pid() and datname = current_database() and (application_name = 'parley-queue' or application_name like ${`${lane}%`})`
  await sql.end()
  await until(async () => (await queue.health()).ok)
  await queue.add(lane, { id: 'after', name: 'x', data: {} })
  t.strictSame(await after.all, ['before', 'after'])
  t.ok(errors.length > 0, 'and it says what happened')
})

t.test('a backend that is not there is an error, not a wait', async (t) => {
  await t.rejects(createPostgresQueue({ url: 'postgres://nobody:x@127.0.0.1:1/none' }))
  await t.rejects(createRedisQueue({ url: 'redis://127.0.0.1:1' }))
})

/** Collects until there are enough. */
class Gathered<T> {
  readonly all: Promise<T[]>
  readonly #got: T[] = []
  #done: (all: T[]) => void = () => {}
  readonly #count: number

  constructor(count: number) {
    this.#count = count
    this.all = new Promise((resolve) => {
      this.#done = resolve
    })
  }

  add(item: T): void {
    this.#got.push(item)
    if (this.#got.length === this.#count) this.#done([...this.#got])
  }
}

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 10))
}

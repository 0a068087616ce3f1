import { once } from 'node:events'
import t, { type Test } from 'tap'
import { createPostgresQueue } from '../../src/adapters/queue/bullmq-postgres.ts'
import { problem } from '../../src/contracts/errors.ts'
import type { JobRun } from '../../src/contracts/jobs.ts'
import type { Actor } from '../../src/contracts/policy.ts'
import type { Queue } from '../../src/contracts/queue.ts'
import { createDatabase } from '../../src/db/database.ts'
import { createJobs, type JobsOptions } from '../../src/jobs/index.ts'
import { newId } from '../../src/lib/ids.ts'
import { testDatabase } from '../helpers/database.ts'

const DATA = { conversationId: newId(), messageId: newId() }

/** A database of its own with two users and a workspace, and as many instances of the feature as asked for. */
async function world(t: Test, instances: Partial<JobsOptions & { workers: boolean }>[] = [{}]) {
  const url = await testDatabase(t)
  const fail = (error: unknown) => t.fail(String(error))
  const db = createDatabase({ url, max: 4, onListenerError: fail })
  const ada: Actor = { userId: newId(), role: 'user', tier: 'free' }
  const eve: Actor = { userId: newId(), role: 'user', tier: 'free' }
  const workspaceId = newId()
  for (const { userId } of [ada, eve]) {
    await db.sql`insert into users (id, email, name, password_hash) values (${userId}, ${`${userId}@example.com`}, 'x', 'x')`
  }
  await db.sql`insert into workspaces (id, name, personal, created_by) values (${workspaceId}, 'w', true, ${ada.userId})`
  const frames: { topic: string; frame: Record<string, unknown> }[] = []
  const channels = new Set<(message: string) => void>()
  const disabled = new Set<string>()
  const errors: unknown[] = []
  const open = async ({ workers = true, ...overrides }: Partial<JobsOptions & { workers: boolean }>) => {
    const own = createDatabase({ url, max: 4, onListenerError: fail })
    const queue = overrides.queue ?? (await createPostgresQueue({ url }))
    const jobs = createJobs({
      db: own,
      queue,
      pubsub: {
        publish: async (_, message) => {
          for (const handler of channels) handler(message)
        },
        subscribe: async (_, handler) => {
          channels.add(handler)
          return async () => void channels.delete(handler)
        },
      },
      frames: { broadcast: (topic, frame) => void frames.push({ topic, frame }) },
      actorOf: async (userId) => (disabled.has(userId) ? undefined : { userId, role: 'user', tier: 'free' }),
      demandInConversation: async () => {},
      roleIn: async (actor, id) => (id === workspaceId && actor.userId === ada.userId ? 'owner' : undefined),
      onError: (error) => void errors.push(error),
      // The claim on a running job is long here: on a busy machine a short one is lost, and the job runs once more than the test counts.
      timing: { sweepMs: 50, forgottenMs: 0, lostMs: 1_000, queue: { lockMs: 15_000, stalledCheckMs: 5_000 } },
      ...overrides,
    })
    return { jobs, db: own, queue, start: () => jobs.start({ workers }) }
  }
  const opened = await Promise.all(instances.map(open))
  t.teardown(async () => {
    for (const one of opened) {
      await one.jobs.stop(0)
      await one.db.close()
    }
    await db.close()
  })
  const first = opened[0]!
  const submit = (data: object = DATA, dedupeKey?: string) =>
    first.db.transact((tx) => tx.job({ name: 'reply.generate', data, userId: ada.userId, workspaceId, dedupeKey }))
  const until = async (id: string, state: string) => {
    for (;;) {
      const job = await first.jobs.service.get(ada, id)
      if (job.state === state) return job
      if (job.finishedAt !== undefined)
        throw new Error(`job ${id} is ${job.state}, not ${state}: ${JSON.stringify(job)}`)
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  const eventsOf = async (id: string) => {
    const rows = await db.sql`select data->>'state' as state from events where topic = ${`job:${id}`} order by seq`
    return rows.map((row) => row.state)
  }
  return { db, ada, eve, workspaceId, frames, disabled, errors, opened, first, submit, until, eventsOf }
}

t.test('a committed job runs with data, actor and progress; a rolled back one never was', async (t) => {
  const { first, submit, until, ada, workspaceId, frames, eventsOf, db } = await world(t)
  const runs: JobRun[] = []
  first.jobs.handle('reply.generate', async (run) => {
    runs.push(run)
    for (let i = 0; i <= 100; i++) run.progress(i / 100, 'writing')
    await until(run.id, 'active')
    return { pages: 3 }
  })
  await first.start()
  await t.rejects(
    first.db.transact(async (tx) => {
      await tx.job({ name: 'reply.generate', data: DATA, userId: ada.userId })
      throw new Error('rolled back')
    }),
  )
  const id = (await submit()) as string
  const job = await until(id, 'completed')
  t.match(job, { name: 'reply.generate', progress: 1, result: { pages: 3 }, attempt: 1, workspaceId })
  t.ok(job.startedAt && job.finishedAt)
  t.notOk('error' in job || 'phase' in job)
  t.equal(runs.length, 1)
  t.match(runs[0], { id, data: DATA, actor: { userId: ada.userId }, workspaceId, attempt: 1, lastAttempt: false })
  t.strictSame(await eventsOf(id), ['active', 'completed'])
  const [row] =
    await db.sql`select count(*)::int as n from events where topic = ${`user:${ada.userId}`} and name = 'job.updated'`
  t.equal(row?.n, 2, 'the submitter hears of it too')
  t.ok(frames.length <= 4, 'progress is throttled')
  for (const { frame } of frames) t.match(frame, { type: 'job', id, state: 'active', phase: 'writing' })
})

t.test('how fast a running job is stands in its record too, and no longer than it runs', async (t) => {
  const { first, submit, until, ada } = await world(t)
  const pace = { done: 3, total: 9, perSecond: 2, secondsLeft: 3 }
  first.jobs.handle('reply.generate', async (run) => {
    for (;;) {
      run.progress(0.5, 'reading', pace)
      const job = await first.jobs.service.get(ada, run.id)
      if (job.pace) return { phase: job.phase, pace: job.pace }
    }
  })
  await first.start()
  const job = await until((await submit()) as string, 'completed')
  t.strictSame(job.result, { phase: 'reading', pace })
  t.notOk('pace' in job)
})

t.test('who may see and steer a job', async (t) => {
  const { first, submit, ada, eve, workspaceId, until } = await world(t, [{ workers: false }])
  const ids = [await submit(), await submit(), await submit()] as string[]
  const { service } = first.jobs
  const page = await service.list(ada, { limit: 2 })
  t.strictSame(
    page.items.map((job) => job.id),
    [ids[2], ids[1]],
    'newest first',
  )
  const rest = await service.list(ada, { limit: 2, cursor: page.nextCursor as string })
  t.strictSame([rest.items.map((job) => job.id), rest.nextCursor], [[ids[0]], null])
  t.equal((await service.list(ada, { limit: 9, workspaceId, state: 'queued', name: 'reply.generate' })).items.length, 3)
  t.equal((await service.list(ada, { limit: 9, state: 'failed' })).items.length, 0)
  t.strictSame((await service.list(eve, { limit: 9 })).items, [])
  const foreign: [string, () => Promise<unknown>][] = [
    ['get', () => service.get(eve, ids[0]!)],
    ['cancel', () => service.cancel(eve, ids[0]!)],
    ['retry', () => service.retry(eve, ids[0]!)],
    ['unknown', () => service.get(ada, newId())],
    ['list', () => service.list(eve, { limit: 9, workspaceId })],
  ]
  for (const [name, call] of foreign) await t.rejects(call(), { code: 'NOT_FOUND' }, name)
  await t.rejects(service.list(ada, { limit: 9, cursor: 'nonsense' }), { code: 'INVALID_CURSOR' })
  await t.rejects(service.retry(ada, ids[0]!), { code: 'CONFLICT' }, 'one that waits cannot be retried')
  t.match(await service.cancel(ada, ids[0]!), { state: 'cancelled' })
  t.match(await service.cancel(ada, ids[0]!), { state: 'cancelled' }, 'again: the same')
  t.match(await service.retry(ada, ids[0]!), { state: 'queued', progress: 0 })
  await until(ids[0]!, 'queued')
})

t.test('failures: tried again, given up, hopeless, unknown, of a user who is gone', async (t) => {
  const { first, submit, until, disabled, ada, errors, db, eventsOf } = await world(t)
  let failures = 2
  first.jobs.handle('reply.generate', async (run) => {
    if (run.data.messageId === DATA.conversationId) throw problem('UNPROCESSABLE', { detail: 'it cannot be' })
    if (failures-- > 0) throw new Error('secret of the machine')
    return undefined
  })
  await first.start()
  const lucky = await until((await submit()) as string, 'completed')
  t.equal(lucky.attempt, 3)
  t.strictSame(await eventsOf(lucky.id), ['active', 'completed'])

  failures = 3
  const unlucky = await until((await submit()) as string, 'failed')
  t.match(unlucky.error, { code: 'INTERNAL', message: /log of the server/ }, 'tells nothing of the inside')
  t.equal(unlucky.attempt, 3)
  t.match(errors, [{ message: 'secret of the machine' }], 'that is for the log')
  t.match(await first.jobs.service.retry(ada, unlucky.id), { state: 'queued' })
  t.match(await until(unlucky.id, 'completed'), { attempt: 4 })

  const hopeless = await until((await submit({ ...DATA, messageId: DATA.conversationId })) as string, 'failed')
  t.match(hopeless, { attempt: 1, error: { code: 'UNPROCESSABLE', message: 'it cannot be' } })
  const wrong = await until((await submit({ nonsense: true })) as string, 'failed')
  t.match(wrong.error, { code: 'UNPROCESSABLE' })
  const name = 'nobody.knows'
  const unknown = await first.db.transact((tx) => tx.job({ name, data: {}, userId: ada.userId }))
  t.match((await until(unknown as string, 'failed')).error, { code: 'UNPROCESSABLE', message: /nobody.knows/ })
  disabled.add(ada.userId)
  t.match((await until((await submit()) as string, 'failed')).error, { code: 'ACCOUNT_DISABLED' })
  const [left] = await db.sql`select count(*)::int as n from jobs where state in ('queued', 'active')`
  t.equal(left?.n, 0)
})

t.test('cancel reaches a job that runs in another instance', async (t) => {
  const { opened, first, submit, ada, until, eventsOf } = await world(t, [{ workers: false }, {}])
  const [, worker] = opened
  const stopped = new Promise<unknown>((resolve) => {
    worker!.jobs.handle('reply.generate', async (run) => {
      await once(run.signal, 'abort')
      resolve(run.signal.reason)
      throw run.signal.reason
    })
  })
  await Promise.all(opened.map((one) => one.start()))
  const id = (await submit()) as string
  await until(id, 'active')
  t.match(await first.jobs.service.cancel(ada, id), { state: 'cancelled' })
  t.match(await stopped, { name: 'JobCancelled' })
  t.strictSame(await eventsOf(id), ['active', 'cancelled'])
})

t.test('the news of a run that failed comes after the job was retried: the new run is not touched', async (t) => {
  const { first, submit, until, ada } = await world(t)
  let fails = true
  let release = () => {}
  const held = new Promise<void>((resolve) => {
    release = resolve
  })
  const { onDead } = await new Promise<{ onDead: (job: { id: string; name: string; data: unknown }) => void }>(
    (resolve) => {
      const inner = first.queue.process.bind(first.queue)
      ;(first.queue as { process: Queue['process'] }).process = async (lane, handler, settings) => {
        if (settings?.onDead) resolve({ onDead: settings.onDead as never })
        return inner(lane, handler, settings)
      }
      first.jobs.handle('reply.generate', async () => {
        if (fails) throw problem('UNPROCESSABLE')
        await held
      })
      void first.start()
    },
  )
  const failed = await until((await submit()) as string, 'failed')
  fails = false
  await first.jobs.service.retry(ada, failed.id)
  await until(failed.id, 'active')
  onDead({ id: `${failed.id}.1`, name: failed.name, data: {} })
  await first.db.sql`select 1`
  release()
  t.match(await until(failed.id, 'completed'), { state: 'completed' })
})

t.test('at most one queued job with a key', async (t) => {
  const { submit } = await world(t, [{ workers: false }])
  const [one, two, other] = [await submit(DATA, 'a'), await submit(DATA, 'a'), await submit(DATA, 'b')]
  t.ok(one && other)
  t.equal(two, undefined)
})

t.test(
  'what a crash left between commit and queue is swept up; a queue that lost everything is filled again',
  async (t) => {
    const { first, db, ada, until } = await world(t)
    const done: string[] = []
    first.jobs.handle('reply.generate', async (run) => void done.push(run.id))
    const insert = async (columns: object) => {
      const id = newId()
      const row = { id, name: 'reply.generate', data: JSON.stringify(DATA), user_id: ada.userId, ...columns }
      await db.sql`insert into jobs ${db.sql(row)}`
      return id
    }
    const old = new Date(Date.now() - 60_000).toISOString()
    const forgotten = await insert({ created_at: old })
    const lost = await insert({ created_at: old, dispatched_at: old })
    const lostWhileRunning = await insert({
      created_at: old,
      dispatched_at: old,
      started_at: old,
      state: 'active',
      attempt: 1,
    })
    await first.start()
    for (const id of [forgotten, lost, lostWhileRunning]) await until(id, 'completed')
    t.strictSame(done.sort(), [forgotten, lost, lostWhileRunning].sort(), 'each once')
  },
)

t.test('a queue that is away loses nothing', async (t) => {
  let away = true
  const { first, submit, until, errors } = await world(t, [{ workers: false }])
  const inner = first.queue
  const addBulk = inner.addBulk.bind(inner)
  ;(inner as { addBulk: Queue['addBulk'] }).addBulk = async (...args) => {
    if (away) throw new Error('the job queue does not answer')
    return addBulk(...args)
  }
  first.jobs.handle('reply.generate', async () => undefined)
  await first.jobs.start({ workers: true })
  const id = (await submit()) as string
  await first.jobs.sweep()
  t.match(errors, [{ message: /does not answer/ }])
  t.equal(
    (await first.jobs.service.get({ userId: 'x', role: 'user', tier: 'free' }, id).catch((e) => e)).code,
    'NOT_FOUND',
  )
  away = false
  await until(id, 'completed')
})

/* A worker process for queue.test.ts: takes one job, says so, and never ends it. It is there to be killed. */
import { createPostgresQueue } from '../../src/adapters/queue/bullmq-postgres.ts'
import { createRedisQueue } from '../../src/adapters/queue/bullmq-redis.ts'

const [backend, url = '', lane = '', timing = '{}'] = process.argv.slice(2)
const queue = backend === 'postgres' ? await createPostgresQueue({ url }) : await createRedisQueue({ url })
await queue.process(
  lane,
  async (job) => {
    await job.progress(0.5)
    process.send?.({ id: job.id, attempt: job.attempt })
    await new Promise(() => setInterval(() => {}, 60_000))
  },
  { timing: JSON.parse(timing) },
)

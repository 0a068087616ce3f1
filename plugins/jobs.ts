import fp from 'fastify-plugin'
import { Gauge } from 'prom-client'
import { JOB_STATES, Job } from '../src/contracts/jobs.ts'
import { createJobs, type Jobs } from '../src/jobs/index.ts'

declare module 'fastify' {
  interface FastifyInstance {
    jobs: Jobs
  }
}

/** How long running jobs may go on once the server closes, ms. */
const GRACE_MS = 4_000
/** Loading the queue takes the event loop for a tenth of a second: the server answers its first requests before that. */
const START_DELAY_MS = 100

/** Jobs as `app.jobs`: features register their handlers with it. Workers start once the server is ready, and not with ROLE=api. */
export default fp(
  async (app) => {
    app.addSchema(Job)
    const jobs = createJobs({
      db: app.db,
      queue: app.queue,
      pubsub: app.pubsub,
      frames: app.frames,
      roleIn: (actor, workspaceId) => app.workspaces.roleOf(actor.userId, workspaceId),
      // Jobs run once all plugins are there; conversations come after this one.
      demandInConversation: (actor, id, operation) => app.conversations.access(actor, id, operation),
      onError: (err, context) => app.log.error({ err, ...context }, 'job'),
    })
    app.decorate('jobs', jobs)
    app.hub.authorize('job', (actor, id) => jobs.service.get(actor, id))
    app.hub.project('job.updated', ({ data }) => ({ ...data, type: 'job' }))
    new Gauge({
      name: 'parley_jobs',
      help: 'Jobs by state',
      labelNames: ['state'],
      registers: [app.metrics],
      async collect() {
        const counts = await jobs.counts()
        for (const state of JOB_STATES) this.set({ state }, counts[state] ?? 0)
      },
    })
    let started: Promise<void> | undefined
    let timer: NodeJS.Timeout | undefined
    const start = () => {
      started = jobs
        .start({ workers: app.config.ROLE !== 'api' })
        .catch((err) => app.log.error({ err }, 'starting workers'))
    }
    app.addHook('onReady', async () => {
      timer = setTimeout(start, START_DELAY_MS)
    })
    app.addHook('onClose', async () => {
      clearTimeout(timer)
      await Promise.all([jobs.stop(GRACE_MS), started])
    })
  },
  { name: 'jobs', dependencies: ['db', 'queue', 'pubsub', 'events', 'websockets', 'workspaces', 'metrics'] },
)

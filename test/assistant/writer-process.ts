/* A process that writes replies for killed.test.ts: says when it has written some, and never comes to an end. It is there to be killed. */
import { createPostgresQueue } from '../../src/adapters/queue/bullmq-postgres.ts'
import { createAssistant } from '../../src/assistant/index.ts'
import { createDatabase } from '../../src/db/database.ts'
import { createJobs } from '../../src/jobs/index.ts'
import { createRetrieval } from '../../src/retrieval/index.ts'
import { localBus } from './world.ts'

const url = process.argv[2] ?? ''
const db = createDatabase({ url, max: 4, onListenerError: console.error })
const pubsub = localBus()
const assistant = await createAssistant({
  db,
  model: {
    name: 'endless',
    metered: false,
    async *reply() {
      for (let n = 0; ; n++) {
        yield { type: 'delta', text: `doomed${n} ` }
        if (n === 20) process.send?.('writing')
        await new Promise((resolve) => setTimeout(resolve, 5))
      }
    },
  },
  retrieval: createRetrieval(db.sql),
  pubsub,
  frames: { broadcast: () => {} },
  roleOf: async () => 'owner',
  demandWrite: async () => {},
  withdrawJob: async () => {},
  onError: console.error,
  checkpointMs: 20,
})
const jobs = createJobs({
  db,
  queue: await createPostgresQueue({ url }),
  pubsub,
  frames: { broadcast: () => {} },
  roleIn: async () => 'owner',
  demandInConversation: async () => {},
  onError: console.error,
  timing: { queue: { lockMs: 1_000, stalledCheckMs: 400 } },
})
jobs.handle('reply.generate', assistant.generate)
await jobs.start({ workers: true })

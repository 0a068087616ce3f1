import { startWorker } from '../../lib/worker.ts'
import type { Division } from './communities.ts'
import type { Links } from './page-rank.ts'
import type { MetricsAnswer, MetricsTask } from './worker.ts'

/** Works out metrics of a whole graph in a thread of their own: seconds of work, of which the server must feel nothing. */
export const metrics = {
  rank: async (links: Links): Promise<Float64Array> =>
    ((await run({ kind: 'rank', links })) as { rank: Float64Array }).rank,
  communities: async (links: Links): Promise<Division> =>
    ((await run({ kind: 'communities', links })) as { division: Division }).division,
}

function run(task: MetricsTask): Promise<MetricsAnswer> {
  return new Promise((resolve, reject) => {
    const worker = startWorker('graph/metrics/worker', { workerData: task, name: 'metrics' })
    worker.once('message', (answer: MetricsAnswer) => {
      resolve(answer)
      void worker.terminate()
    })
    worker.once('error', reject)
    worker.once('exit', (code) => reject(new Error(`The metrics worker ended with ${code}`)))
  })
}

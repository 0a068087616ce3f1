import type { JobPace } from '../contracts/jobs.ts'
import { type JobFrames, jobTopics } from './frames.ts'
import type { JobRepository, JobRow } from './repository.ts'

/** How often progress is sent at most, ms. */
const SEND_MS = 200
/** How often it is stored at most, ms. */
const STORE_MS = 500

interface ProgressOptions {
  row: JobRow
  repository: Pick<JobRepository, 'progress'>
  frames: JobFrames
  /** The row says that the job is not running any more: somebody cancelled it, and word of it did not get here. */
  onGone: () => void
}

/** Progress of one run: `report` may be called as often as one likes; a few times a second it is sent and stored. Never goes back. */
export function createProgress({ row, repository, frames, onGone }: ProgressOptions) {
  let { progress, phase } = row
  let pace: JobPace | undefined
  let lastSent = 0
  let lastStored = Date.now()
  let storing: Promise<void> | undefined
  let timer: NodeJS.Timeout | undefined

  function flush(): void {
    timer = undefined
    const now = Date.now()
    lastSent = now
    const frame = {
      type: 'job' as const,
      id: row.id,
      name: row.name,
      state: 'active',
      progress,
      ...(phase && { phase }),
      ...(pace && { pace }),
    }
    for (const topic of jobTopics(row)) frames.broadcast(topic, frame, row.id)
    if (now - lastStored < STORE_MS || storing) return
    lastStored = now
    storing = repository
      .progress(row.id, progress, phase, pace)
      .then((running) => {
        if (!running) onGone()
      })
      // Progress is a courtesy: a database that is away will fail the job itself soon enough.
      .catch(() => {})
      .finally(() => {
        storing = undefined
      })
  }

  return {
    report(value: number, newPhase?: string, newPace?: JobPace): void {
      progress = Math.max(progress, Math.min(1, Number.isFinite(value) ? value : 0))
      phase = newPhase ?? phase
      pace = newPace
      timer ??= setTimeout(flush, Math.max(0, lastSent + SEND_MS - Date.now()))
    },
    /** Sends nothing more, so that the end is not followed by an older state. */
    async settle(): Promise<void> {
      clearTimeout(timer)
      await storing
    },
  }
}

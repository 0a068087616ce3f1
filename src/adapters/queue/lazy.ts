import { setTimeout as sleep } from 'node:timers/promises'
import type { Queue } from '../../contracts/queue.ts'

/** How long to wait before a queue that could not be opened is tried again, ms. */
const RETRY_MS = 1_000

/**
 * A queue that is opened when it is first needed: starting the server waits for nothing, and a process that never has a job never loads
 * BullMQ. A queue that cannot be opened rejects, and the next call tries again; `process` keeps trying until it is closed. One that nobody has
 * needed yet counts as healthy: asking after its health opens nothing.
 */
export function createLazyQueue(backend: string, open: () => Promise<Queue>, onError: (error: Error) => void): Queue {
  let opening: Promise<Queue> | undefined
  let queue: Queue | undefined
  let failure: Error | undefined
  let closed = false

  function opened(): Promise<Queue> {
    if (closed) return Promise.reject(new Error('the job queue is closed'))
    opening ??= open().then(
      (made) => {
        failure = undefined
        queue = made
        return made
      },
      (error: Error) => {
        failure = error
        opening = undefined
        throw error
      },
    )
    return opening
  }

  async function openedAtLast(): Promise<Queue> {
    for (;;) {
      try {
        return await opened()
      } catch (error) {
        if (closed) throw error
        onError(error as Error)
        await sleep(RETRY_MS, undefined, { ref: false })
      }
    }
  }

  return {
    backend,
    add: async (...args) => (await opened()).add(...args),
    addBulk: async (...args) => (await opened()).addBulk(...args),
    process: async (...args) => (await openedAtLast()).process(...args),
    cancel: async (...args) => (await opened()).cancel(...args),
    state: async (...args) => (await opened()).state(...args),
    progress: async (...args) => (await opened()).progress(...args),
    counts: async (...args) => (await opened()).counts(...args),
    async health() {
      if (queue !== undefined) return queue.health()
      return failure === undefined ? { ok: true, latencyMs: 0 } : { ok: false, latencyMs: 0, error: failure.message }
    },
    async close(options) {
      closed = true
      await (await opening?.catch(() => undefined))?.close(options)
    },
  }
}

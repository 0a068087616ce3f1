import { setTimeout as sleep } from 'node:timers/promises'
import type { Queue } from '../../contracts/queue.ts'

/** How long to wait before a queue that could not be opened is tried again, ms. */
const RETRY_MS = 1_000

/**
 * A queue that is opened when it is first needed: starting the server waits for nothing, and a process that never has a job never loads
 * BullMQ. A queue that cannot be opened rejects, and the next call tries again; `process` keeps trying until it is closed.
 */
export function createLazyQueue(backend: string, open: () => Promise<Queue>, onError: (error: Error) => void): Queue {
  let opening: Promise<Queue> | undefined
  let closed = false

  function opened(): Promise<Queue> {
    if (closed) return Promise.reject(new Error('the job queue is closed'))
    opening ??= open().catch((error: unknown) => {
      opening = undefined
      throw error
    })
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
      try {
        return await (await opened()).health()
      } catch (error) {
        return { ok: false, latencyMs: 0, error: (error as Error).message }
      }
    },
    async close(options) {
      closed = true
      const queue = await opening?.catch(() => undefined)
      await queue?.close(options)
    },
  }
}

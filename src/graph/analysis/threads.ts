import type { Worker } from 'node:worker_threads'
import type { WorkerMessage } from './worker.ts'

/** What a thread may say: its listeners by their events. A Worker's own ones must stay, so that all of them cannot be taken away at once. */
export interface Listeners {
  message: (message: WorkerMessage) => void
  error: (error: Error) => void
  exit: (code: number) => void
}

/** Listens to a thread. @returns what ends that */
export function listen(worker: Worker, listeners: Listeners): () => void {
  const all = Object.entries(listeners)
  for (const [name, listener] of all) worker.on(name, listener)
  return () => {
    for (const [name, listener] of all) worker.off(name, listener)
  }
}

/** A thread that holds on to more than this after its work is let go at once. */
export const MAX_HELD_BYTES = 160 * 1024 ** 2

/**
 * The threads that analyses run in. One of those that are done stays for `idleMs`, with its modules and grammars loaded: starting another costs more than
 * a small analysis. It does not keep the process alive.
 */
export function createThreads({ start, idleMs }: { start: () => Worker; idleMs: number }) {
  let waiting: Worker | undefined
  let unlisten = () => {}
  let timer: NodeJS.Timeout | undefined
  let isClosed = false

  function end(worker: Worker): void {
    if (waiting === worker) waiting = undefined
    // A thread that is ended before it has begun says so; nobody is left to hear it.
    worker.on('error', () => {})
    void worker.terminate()
  }

  function wait(worker: Worker): void {
    waiting = worker
    worker.unref()
    unlisten = listen(worker, {
      error: () => end(worker),
      exit: () => end(worker),
      message: (message) => {
        if (message.type === 'rested' && message.heldBytes > MAX_HELD_BYTES) end(worker)
      },
    })
    clearTimeout(timer)
    timer = setTimeout(() => end(worker), idleMs).unref()
  }

  return {
    end,

    /** Has a thread waiting, if threads may wait at all. */
    prepare(): void {
      if (waiting === undefined && idleMs > 0 && !isClosed) wait(start())
    },

    /** The thread that waits, or a new one. Nobody listens to it. */
    take(): Worker {
      if (waiting === undefined) return start()
      const worker = waiting
      clearTimeout(timer)
      unlisten()
      waiting = undefined
      worker.ref()
      return worker
    },

    /** Takes back a thread that has done its work, and that nobody listens to any more. */
    giveBack(worker: Worker): void {
      if (waiting !== undefined || idleMs === 0 || isClosed) end(worker)
      else wait(worker)
    },

    /** Ends the thread that waits; no other will. */
    close(): void {
      isClosed = true
      clearTimeout(timer)
      if (waiting) end(waiting)
    },
  }
}

import type { Message } from '../contracts/messages.ts'
import { type ReplyRow, toMessage } from './replies.ts'

/** How often the row is looked at in any case, ms: an announcement can get lost. */
const LOOK_MS = 1_000

interface Waiter {
  conversationId: string
  look: () => void
}

/** Waits for replies to end: told by events of this process, by pointers from others, and by looking now and then. */
export function createWaiting(find: (id: string) => Promise<ReplyRow | undefined>) {
  const waiters = new Map<string, Set<Waiter>>()

  return {
    /** Tells that something happened in conversations. */
    changed(conversationIds: readonly string[]): void {
      for (const id of conversationIds) for (const waiter of waiters.get(id) ?? []) waiter.look()
    },

    /** The message once it has ended; undefined after `timeoutMs`, when `signal` is aborted, or when it is gone. */
    ended(id: string, conversationId: string, timeoutMs: number, signal?: AbortSignal): Promise<Message | undefined> {
      return new Promise((resolve, reject) => {
        let looking = false
        let again = false
        const look = () => {
          if (looking) {
            again = true
            return
          }
          looking = true
          find(id)
            .then((row) => {
              looking = false
              if (row?.status !== 'streaming') return settle(row && toMessage(row))
              if (again) look()
              again = false
            })
            .catch((error: unknown) => {
              release()
              reject(error)
            })
        }
        const waiter = { conversationId, look }
        const timer = setInterval(look, LOOK_MS)
        const timeout = setTimeout(() => settle(undefined), timeoutMs)
        const onAbort = () => settle(undefined)
        const release = () => {
          clearInterval(timer)
          clearTimeout(timeout)
          signal?.removeEventListener('abort', onAbort)
          const others = waiters.get(conversationId)
          others?.delete(waiter)
          if (others?.size === 0) waiters.delete(conversationId)
        }
        const settle = (message: Message | undefined) => {
          release()
          resolve(message)
        }
        if (signal?.aborted) return settle(undefined)
        signal?.addEventListener('abort', onAbort)
        waiters.set(conversationId, (waiters.get(conversationId) ?? new Set<Waiter>()).add(waiter))
        look()
      })
    },
  }
}

/** See {@link createWaiting}. */
export type Waiting = ReturnType<typeof createWaiting>

import { Problem } from '../contracts/errors.ts'
import type { CloseReason } from '../contracts/frames.ts'
import type { Actor } from '../contracts/policy.ts'
import type { ControlMessage } from './control.ts'

/** An answer that goes on for a while beside the sockets, such as a stream of server-sent events, and whose reader may lose the right to it. */
export interface Watched {
  actor: Actor
  /** Rejects with a 401, 403 or 404 Problem when this reader, as it is by now, may not read on. */
  stillMay: (actor: Actor) => Promise<unknown>
  /** Called once, when the reader has to be cut off. */
  end: (reason: CloseReason) => void
}

/** What watching needs. */
export interface WatchedOptions {
  /** Who somebody is by now; throws a 401 or 403 Problem when the session, key or account has ended. */
  refresh: (actor: Actor) => Promise<Actor>
  onError: (error: unknown) => void
}

/** Answers under way by user, cut off by the same messages as the user's sockets. It knows no HTTP: whoever writes an answer ends it. */
export function createWatchedAnswers({ refresh, onError }: WatchedOptions) {
  const byUser = new Map<string, Set<Watched>>()

  function forget(one: Watched): boolean {
    const own = byUser.get(one.actor.userId)
    const there = own?.delete(one) ?? false
    if (own?.size === 0) byUser.delete(one.actor.userId)
    return there
  }

  function end(one: Watched, reason: CloseReason): void {
    if (forget(one)) one.end(reason)
  }

  async function recheck(one: Watched): Promise<void> {
    try {
      await one.stillMay(await refresh(one.actor))
    } catch (error) {
      if (!(error instanceof Problem)) onError(error)
      else if (error.status === 401) end(one, 'UNAUTHENTICATED')
      else if (error.status === 403 || error.status === 404) end(one, 'FORBIDDEN')
      else onError(error)
    }
  }

  return {
    /** Watches over an answer until the returned function is called. What changed since its reader was let in is looked at first. */
    watch(one: Watched): () => void {
      byUser.set(one.actor.userId, (byUser.get(one.actor.userId) ?? new Set()).add(one))
      void recheck(one)
      return () => void forget(one)
    },

    /** Does what was said about a user. */
    obey(message: ControlMessage): void {
      for (const one of [...(byUser.get(message.userId) ?? [])]) {
        if (message.kind === 'recheck') void recheck(one)
        else if (!message.sessionId || one.actor.sessionId === message.sessionId)
          end(one, message.forever ? 'FORBIDDEN' : 'UNAUTHENTICATED')
      }
    },

    /** Looks at all of them again: messages may have been missed. */
    recheckAll(): void {
      for (const own of byUser.values()) for (const one of [...own]) void recheck(one)
    },

    get size() {
      return [...byUser.values()].reduce((sum, own) => sum + own.size, 0)
    },
  }
}

/** See {@link createWatchedAnswers}. */
export type WatchedAnswers = ReturnType<typeof createWatchedAnswers>

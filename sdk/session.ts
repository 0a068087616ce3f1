import { createEmitter } from './emitter.ts'
import { ParleyError } from './errors.ts'

/** The pair a client is signed in with. `expiresAt` (ms since 1970, this machine's clock) is when the access token ends. */
export type Tokens = { accessToken: string; refreshToken: string; expiresAt: number }

/**
 * Where tokens live. The default keeps them in memory. A browser page that shall stay signed in over a reload gives one on
 * localStorage; `exclusive` then takes a lock that the page's other tabs honour, so that two tabs never refresh at once.
 */
export type TokenStore = {
  get(): Tokens | null
  set(tokens: Tokens | null): void
  exclusive?<T>(task: () => Promise<T>): Promise<T>
}

/** What the server answers to register, login and refresh, as far as the session needs it. */
export type TokenAnswer = { accessToken: string; refreshToken: string; expiresIn: number }

type SessionEvents = {
  /** New tokens: after login, register and every refresh. */
  tokens: Tokens
  /** The session is over (logged out, revoked, or expired for good): sign in again. */
  ended: { reason: 'logout' | 'expired' }
}

/** A TokenStore that forgets when the process or page ends. */
export function memoryStore(initial: Tokens | null = null): TokenStore {
  let tokens = initial
  return {
    get: () => tokens,
    set: (next) => {
      tokens = next
    },
  }
}

/** Milliseconds before its end from which an access token is no longer used. */
const MARGIN_MS = 10_000

/**
 * Holds the tokens and refreshes them, one refresh at a time however many requests wait for it (a refresh token may be used once
 * only: a race would look like theft to the server and end the session). `refresh` does the call and throws what the server said.
 */
export function createSession(store: TokenStore, refresh: (refreshToken: string) => Promise<TokenAnswer>) {
  const events = createEmitter<SessionEvents>()
  let running: Promise<Tokens> | undefined

  const accept = (answer: TokenAnswer): Tokens => {
    const tokens = {
      accessToken: answer.accessToken,
      refreshToken: answer.refreshToken,
      expiresAt: Date.now() + answer.expiresIn * 1000,
    }
    store.set(tokens)
    events.emit('tokens', tokens)
    return tokens
  }

  const end = (reason: 'logout' | 'expired'): void => {
    if (!store.get()) return
    store.set(null)
    events.emit('ended', { reason })
  }

  const renewOnce = async (stale: string | undefined, before: string | undefined): Promise<Tokens> => {
    const current = store.get()
    if (!current) throw new ParleyError({ code: 'NOT_SIGNED_IN', status: 401, message: 'Sign in first.' })
    // Another tab (same store) may have refreshed meanwhile, or while this one waited for the lock.
    const renewed = current.refreshToken !== before || (stale !== undefined && current.accessToken !== stale)
    if (renewed && current.expiresAt - MARGIN_MS > Date.now()) return current
    try {
      return accept(await refresh(current.refreshToken))
    } catch (error) {
      if (error instanceof ParleyError && (error.status === 401 || error.status === 403)) end('expired')
      throw error
    }
  }

  /** Refreshes now (or joins the refresh under way); `stale` is the access token that the server refused. */
  const renew = (stale?: string): Promise<Tokens> => {
    const exclusive = store.exclusive ?? ((task) => task())
    const before = store.get()?.refreshToken
    running ??= exclusive(() => renewOnce(stale, before)).finally(() => {
      running = undefined
    })
    return running
  }

  return {
    on: events.on,
    accept,
    end,
    renew,
    /** The tokens as they are, without a look at their age; null when signed out. */
    current: (): Tokens | null => store.get(),
    /** An access token that is good for at least some seconds; null when signed out. Throws when the refresh fails. */
    async accessToken(): Promise<string | null> {
      const tokens = store.get()
      if (!tokens) return null
      return tokens.expiresAt - MARGIN_MS > Date.now()
        ? tokens.accessToken
        : (await renew(tokens.accessToken)).accessToken
    },
  }
}

/** What createSession returns. */
export type Session = ReturnType<typeof createSession>

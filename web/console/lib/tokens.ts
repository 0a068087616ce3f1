import type { TokenStore, Tokens } from '../../../sdk/index.ts'

const KEY = 'parley.tokens'

/**
 * Tokens of this browser, shared by its tabs. The refresh token is single-use, so a refresh is done under a lock: the second tab then
 * finds the new pair in the store. In browsers without locks the server's grace for the predecessor covers the race.
 */
export function browserStore(): TokenStore {
  return {
    get() {
      try {
        return JSON.parse(localStorage.getItem(KEY) ?? 'null') as Tokens | null
      } catch {
        return null
      }
    },
    set(tokens) {
      if (tokens) localStorage.setItem(KEY, JSON.stringify(tokens))
      else localStorage.removeItem(KEY)
    },
    exclusive: (task) => ('locks' in navigator ? navigator.locks.request(KEY, task) : task()),
  }
}

/** Calls back when another tab signed in or out. */
export function onOtherTab(changed: (signedIn: boolean) => void): void {
  addEventListener('storage', (event) => {
    if (event.key === KEY && (event.newValue === null) !== (event.oldValue === null)) changed(event.newValue !== null)
  })
}

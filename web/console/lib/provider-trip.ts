import type { OAuthStart } from '../../../sdk/index.ts'

/** What this tab remembers while its browser is at an identity provider: without it nobody can use the code that comes back. */
export type Trip = { handle: string; purpose: 'login' | 'link' }

const KEY = 'parley.provider-trip'

/** Sends the browser to the provider. */
export function depart({ url, handle }: OAuthStart, purpose: Trip['purpose']): void {
  sessionStorage.setItem(KEY, JSON.stringify({ handle, purpose } satisfies Trip))
  location.assign(url)
}

/** What was remembered, once. */
export function returned(): Trip | null {
  const kept = sessionStorage.getItem(KEY)
  sessionStorage.removeItem(KEY)
  return kept === null ? null : (JSON.parse(kept) as Trip)
}

/** The part of `window` and `document` that is used. */
type Target = { addEventListener(name: string, listener: () => void): void; visibilityState?: string }

/**
 * Calls back when a browser page may have lost its connection without having been told, or may have one again: it is looked at after it
 * was hidden, comes back from the back/forward cache, is resumed after the browser had frozen it, or its network changes. Timers sleep in
 * such pages, so a heartbeat alone finds out late. Does nothing outside a browser.
 */
export function watchPage(changed: () => void, scope: object = globalThis): void {
  const { document, addEventListener } = scope as { document?: Target } & Partial<Target>
  if (!document || !addEventListener) return
  const page = scope as Target
  for (const name of ['online', 'offline', 'pageshow']) page.addEventListener(name, changed)
  document.addEventListener('resume', changed)
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') changed()
  })
}

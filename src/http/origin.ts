/**
 * Whether a page of `origin` may act for whoever is signed in by a cookie, or open a socket: one of the allowed origins, exactly, or a page of this very host. A request without an
 * Origin comes from no browser; `null` (sandboxed or local files) never passes.
 */
export function isAllowedOrigin(
  origin: string | undefined,
  host: string | undefined,
  allowed: readonly string[],
): boolean {
  if (origin === undefined) return true
  if (origin !== '' && allowed.some((one) => one !== '' && URL.canParse(one) && new URL(one).origin === origin))
    return true
  if (!URL.canParse(origin)) return false
  const own = new URL(origin).host
  return own !== '' && own === host?.toLowerCase()
}

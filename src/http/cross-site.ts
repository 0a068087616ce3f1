import type { IncomingHttpHeaders } from 'node:http'

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])
/** Bodies that a form of any page can send without asking first. Multipart bodies are uploads, which the token protects. */
const FORM = /^\s*(text\/plain|application\/x-www-form-urlencoded)\b/i

/** Whether a method changes nothing (RFC 9110 section 9.2.1). */
export const isSafe = (method: string): boolean => SAFE.has(method)

/**
 * Why an unsafe request that a browser signed in by itself may come from another page; undefined when nothing speaks for it. Looks at Sec-Fetch-Site
 * (Fetch Metadata), Origin and the kind of body. Not a proof of the contrary: old browsers send none of these, hence the token.
 */
export function crossSiteFault(
  headers: IncomingHttpHeaders,
  allows: (origin: string | undefined, host: string | undefined) => boolean,
): string | undefined {
  const site = headers['sec-fetch-site']
  if (site === 'cross-site') return 'It comes from another site'
  if (site === 'same-site' && headers.origin === undefined) return 'It comes from another origin'
  if (!allows(headers.origin, headers.host)) return 'It comes from an origin that is not allowed'
  return FORM.test(headers['content-type'] ?? '') ? 'Forms are not taken: send JSON' : undefined
}

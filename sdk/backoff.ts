/** Limits of a back-off, in milliseconds. */
export type BackoffOptions = { base?: number; cap?: number; random?: () => number }

/**
 * Full-jitter exponential back-off: a random wait between 0 and min(cap, base * 2^attempt), attempt counted from 0. The jitter is
 * what keeps a thousand clients from coming back in the same instant after a restart
 * (https://aws.amazon.com/builders-library/timeouts-retries-and-backoff-with-jitter/).
 */
export function backoff(
  attempt: number,
  { base = 500, cap = 20_000, random = Math.random }: BackoffOptions = {},
): number {
  return Math.round(random() * Math.min(cap, base * 2 ** Math.min(attempt, 30)))
}

/** Waits `ms`; rejects with the signal's reason as soon as it is aborted. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    const onAbort = () => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}

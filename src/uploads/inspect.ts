import { problem } from '../contracts/errors.ts'
import { type Scanner, ScannerError } from '../contracts/scanner.ts'
import type { Storage } from '../contracts/storage.ts'
import type { ScanState } from '../contracts/uploads.ts'

/** Looks for malware in a stored object before anybody may see it; answers the state to record. */
export type Inspect = (storageKey: string) => Promise<ScanState>

/**
 * Without a scanner everything is honestly `unscanned`. With one, nothing becomes visible that it has not looked at: an
 * infected file is refused, one that it cannot judge is recorded as `failed` and held back, and while it is away uploads are refused.
 *
 * @throws FILE_INFECTED, DEPENDENCY_UNAVAILABLE
 */
export function createInspector(storage: Storage, scanner: Scanner | undefined): Inspect {
  if (scanner === undefined) return async () => 'unscanned'
  return async (storageKey) => {
    const { stream } = await storage.get(storageKey)
    const found = await scanner.scan(stream).catch((cause) => {
      if (!(cause instanceof ScannerError)) throw cause
      throw problem('DEPENDENCY_UNAVAILABLE', { detail: 'The virus scanner is not available', retryAfter: 10, cause })
    })
    if (found.verdict === 'infected')
      throw problem('FILE_INFECTED', { detail: `The file is infected: ${found.signature}` })
    return found.verdict
  }
}

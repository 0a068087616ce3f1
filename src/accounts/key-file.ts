import { readFileSync, unwatchFile, watchFile } from 'node:fs'
import { keysOfSet, type SigningKey } from '../lib/signing-keys.ts'

/** What watching a file of keys needs. */
export interface KeyFileOptions {
  path: string
  onKeys: (keys: SigningKey[]) => void
  /** Told of a file that cannot be used; the keys stay as they were. */
  onError: (error: unknown) => void
  /** How often the file is looked at, ms. @defaultValue 1000 */
  everyMs?: number
}

/** How often a token with an unknown key may cause a look, ms. */
const PATIENCE_MS = 1000

/**
 * Follows a file of signing keys (a JWK set). It is looked at by its time of change, not by kernel events, which miss files that are swapped by a link, as
 * orchestrators do.
 */
export function followKeyFile({ path, onKeys, onError, everyMs = 1000 }: KeyFileOptions) {
  let text = ''
  let lookedAt = 0

  function look(): void {
    lookedAt = Date.now()
    try {
      const found = readFileSync(path, 'utf8')
      if (found === text) return
      onKeys(keysOfSet(found))
      text = found
    } catch (error) {
      onError(error)
    }
  }

  look()
  watchFile(path, { interval: everyMs, persistent: false }, look)
  return {
    /** Reads the file now. */
    look,
    /** Reads the file unless that was done just now: somebody has shown a token of a key that is not known here yet. */
    lookAgain(): void {
      if (Date.now() - lookedAt >= PATIENCE_MS) look()
    },
    close: () => unwatchFile(path, look),
  }
}

/** See {@link followKeyFile}. */
export type KeyFile = ReturnType<typeof followKeyFile>

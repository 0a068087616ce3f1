import { createHash } from 'node:crypto'
import { open } from 'node:fs/promises'
import type { SkipReason } from '../contracts/archive.ts'
import { ancestors, dirname } from './analysis/resolve/tree.ts'

/** Where a file is in a pack, and its SHA-256 (hexadecimal). */
export interface Packed {
  at: number
  size: number
  hash: string
}

/** So many bytes are written at a time. */
const BLOCK = 256 * 1024

/** Writes many files into one, one after the other: to make, open and delete thousands of small ones costs more than to read them. */
export async function createPack(path: string) {
  const file = await open(path, 'wx', 0o600)
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  let end = 0

  async function flush(): Promise<void> {
    if (waitingBytes === 0) return
    const block = Buffer.concat(waiting)
    waiting = []
    waitingBytes = 0
    await file.appendFile(block)
  }

  return {
    /** Adds a file. */
    async add(content: AsyncIterable<Uint8Array>): Promise<Packed> {
      const digest = createHash('sha256')
      const at = end
      for await (const chunk of content) {
        digest.update(chunk)
        waiting.push(chunk)
        waitingBytes += chunk.byteLength
        end += chunk.byteLength
        if (waitingBytes >= BLOCK) await flush()
      }
      return { at, size: end - at, hash: digest.digest('hex') }
    },
    flush,
    close: () => file.close(),
  }
}

/** See {@link createPack}. */
export type Pack = Awaited<ReturnType<typeof createPack>>

/** Says which paths cannot stand beside those before, as a file system would: a file where a folder is, and the other way round. */
export function createConflicts(): (path: string) => SkipReason | undefined {
  const files = new Set<string>()
  const folders = new Set<string>()
  return (path) => {
    const above = ancestors(dirname(path)).filter((folder) => folder !== '')
    if (folders.has(path) || above.some((folder) => files.has(folder))) return 'conflict'
    files.add(path)
    for (const folder of above) folders.add(folder)
    return undefined
  }
}

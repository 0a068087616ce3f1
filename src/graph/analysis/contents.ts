import { closeSync, openSync, readFileSync, readSync } from 'node:fs'
import { join } from 'node:path'
import type { AnalysisInput, InputFile } from './types.ts'

/** The contents of the files of an analysis, whether they are files of a directory or parts of one file. */
export interface Contents {
  /** A whole file; undefined where it cannot be read. */
  read: (file: InputFile) => Buffer | undefined
  close: () => void
}

/** Opens the contents of an analysis. Reads without the detour by the thread pool: the thread has nothing else to do meanwhile. */
export function openContents({ root, pack }: Pick<AnalysisInput, 'root' | 'pack'>): Contents {
  if (pack === undefined) return { read: ({ path }) => attempt(() => readFileSync(join(root, path))), close: () => {} }
  const descriptor = openSync(join(root, pack), 'r')
  return {
    read({ at, size }) {
      if (at === undefined) return undefined
      const bytes = Buffer.allocUnsafeSlow(size)
      return attempt(() => (readSync(descriptor, bytes, 0, size, at) === size ? bytes : undefined))
    },
    close: () => closeSync(descriptor),
  }
}

function attempt(read: () => Buffer | undefined): Buffer | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}

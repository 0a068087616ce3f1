import { mkdir, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { FileWriter, SkipReason } from '../../contracts/archive.ts'

/** Ways in which a file system says no to a name, and what they mean for the entry. */
const OBSTACLES: Record<string, SkipReason> = {
  EEXIST: 'conflict',
  EISDIR: 'conflict',
  ENOTDIR: 'conflict',
  ENAMETOOLONG: 'too_long',
  EILSEQ: 'bad_name',
  EINVAL: 'bad_name',
}

/**
 * Writes new files below a directory, and the directories above them. A name that the file system will not take (because a file stands
 * where a directory is wanted, or because it does not tell upper from lower case) is answered as a reason to skip.
 */
export function createFileWriter(directory: string, signal: AbortSignal | undefined): FileWriter {
  const made = new Set<string>()

  async function create(path: string) {
    const parent = dirname(path)
    if (!made.has(parent)) await mkdir(parent, { recursive: true, mode: 0o700 })
    made.add(parent)
    // Exclusive: never through a link, never over a file.
    return open(path, 'wx', 0o600)
  }

  return async (path, content) => {
    let file: Awaited<ReturnType<typeof open>>
    try {
      file = await create(join(directory, path))
    } catch (cause) {
      const reason = OBSTACLES[(cause as NodeJS.ErrnoException).code ?? '']
      if (reason) return reason
      throw cause
    }
    try {
      for await (const chunk of content()) {
        signal?.throwIfAborted()
        // Repeats partial writes by itself; the position moves on.
        await file.appendFile(chunk)
      }
    } finally {
      await file.close()
    }
    return undefined
  }
}

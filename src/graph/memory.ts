import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { AnalysisInput } from './analysis/types.ts'

/** What is not used for so long is thrown away: the next analysis then reads everything, and is as right. */
const MAX_AGE_MS = 30 * 24 * 3600 * 1000

/**
 * Keeps what analyses have found out about files, one file for each source, in a folder of this machine. A cache: it may be emptied at any time, and an
 * instance without it gives the same results more slowly.
 */
export function createMemory(folder: string) {
  const current = (sourceId: string) => join(folder, `${sourceId}.facts`)

  return {
    /** Where an analysis finds and leaves its findings. `previous` is the revision that is in the database. */
    async open(
      sourceId: string,
      previous: string | undefined,
      revisionId: string,
    ): Promise<NonNullable<AnalysisInput['memory']>> {
      await mkdir(folder, { recursive: true, mode: 0o700 })
      const next = { path: join(folder, `${sourceId}.${revisionId}.tmp`), revisionId }
      return previous === undefined ? { next } : { previous: { path: current(sourceId), revisionId: previous }, next }
    },

    /** Makes the findings of a stored revision those of the source. */
    async keep(sourceId: string, { next }: NonNullable<AnalysisInput['memory']>): Promise<void> {
      await rename(next.path, current(sourceId)).catch(() => {})
    },

    /** Throws away findings of a revision that was not stored; harmless after `keep`. */
    drop: ({ next }: NonNullable<AnalysisInput['memory']>): Promise<void> => rm(next.path, { force: true }),

    /** Throws away all that is known of a source. */
    forget: (sourceId: string): Promise<void> => rm(current(sourceId), { force: true }).catch(() => {}),

    /** Throws away what was not used for long. */
    async sweep(now = Date.now()): Promise<void> {
      for (const name of await readdir(folder).catch(() => [])) {
        const info = await stat(join(folder, name)).catch(() => undefined)
        if (info && now - info.mtimeMs > MAX_AGE_MS) await rm(join(folder, name), { force: true })
      }
    },
  }
}

/** See {@link createMemory}. */
export type Memory = ReturnType<typeof createMemory>

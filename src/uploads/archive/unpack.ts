import { mkdir, readdir, rm } from 'node:fs/promises'
import { resolve } from 'node:path'
import {
  ARCHIVE_LIMITS,
  ArchiveError,
  type ArchiveLimits,
  type ArchiveSource,
  type SkipReason,
  type Unpacked,
  type UnpackOptions,
} from '../../contracts/archive.ts'
import { createBudget } from './budget.ts'
import type { ArchiveEntry } from './entry.ts'
import { openArchive } from './open.ts'
import { displayName, safePath } from './safe-path.ts'
import { createFileWriter } from './write.ts'

const MAX_NAMED_SKIPS = 1000

/**
 * Unpacks a zip, tar or tar.gz below a directory, or into a writer, in bounded memory. See {@link Unpack} for what comes out and what
 * does not. Nothing of the archive is trusted: paths are cleaned, links and devices never made, sizes counted as they
 * come out. When it fails, the directory is gone again.
 *
 * @throws {ArchiveError} with a message fit for users; whatever the source stream itself fails with
 */
export async function unpack(source: ArchiveSource, options: UnpackOptions): Promise<Unpacked> {
  const limits = { ...ARCHIVE_LIMITS, ...options.limits }
  const directory = resolve(options.directory)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  // In an empty directory that only we write there are no links to be led astray by.
  if ((await readdir(directory)).length > 0) throw new Error('The directory to unpack into is not empty')
  const stop = () => 'stream' in source && source.stream.destroy()
  options.signal?.addEventListener('abort', stop, { once: true })
  try {
    return await unpackInto(directory, source, options, limits)
  } catch (cause) {
    await rm(directory, { recursive: true, force: true })
    stop()
    throw translate(cause, options.signal)
  } finally {
    options.signal?.removeEventListener('abort', stop)
  }
}

async function unpackInto(
  directory: string,
  source: ArchiveSource,
  { keep = () => true, onProgress, signal, write = createFileWriter(directory, signal) }: UnpackOptions,
  limits: ArchiveLimits,
): Promise<Unpacked> {
  const archive = await openArchive(source, createBudget(limits), `${directory}.zip`)
  const result: Unpacked = { format: archive.format, files: [], skipped: [], skippedCount: 0, bytes: 0 }
  const seen = new Set<string>()
  let encrypted = 0

  /** Unpacks one entry, or says why not. */
  const handle = async (entry: ArchiveEntry): Promise<SkipReason | undefined> => {
    const name = safePath(entry.name, limits)
    if (name && 'skip' in name) return name.skip
    if (name === null || entry.kind === 'directory') return undefined
    if (entry.skip) return entry.skip
    if (seen.has(name.path)) return 'duplicate'
    if (entry.size > limits.maxEntryBytes) return 'too_large'
    if (!keep(name.path, entry.size)) return undefined
    const obstacle = await write(name.path, entry.content)
    if (obstacle) return obstacle
    seen.add(name.path)
    result.files.push({ path: name.path, size: entry.size })
    result.bytes += entry.size
    onProgress?.({ files: result.files.length, bytes: result.bytes })
    return undefined
  }

  try {
    for await (const entry of archive.entries) {
      signal?.throwIfAborted()
      const reason = await handle(entry)
      if (!reason) continue
      if (reason === 'encrypted') encrypted += 1
      result.skippedCount += 1
      if (result.skipped.length < MAX_NAMED_SKIPS) result.skipped.push({ path: displayName(entry.name), reason })
    }
  } finally {
    await archive.close()
  }
  if (encrypted > 0 && result.files.length === 0) throw new ArchiveError('ENCRYPTED', 'The archive is encrypted')
  return result
}

function translate(cause: unknown, signal: AbortSignal | undefined): unknown {
  if (signal?.aborted) return new ArchiveError('ABORTED', 'Unpacking was stopped', { cause })
  if (cause instanceof ArchiveError) return cause
  const { code = '' } = cause as NodeJS.ErrnoException
  if (code === 'Z_BUF_ERROR') return new ArchiveError('CORRUPT', 'The archive is cut off', { cause })
  if (code.startsWith('Z_')) return new ArchiveError('CORRUPT', 'The archive is damaged and cannot be read', { cause })
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new ArchiveError('FULL', 'No room to unpack the archive', { cause })
  return cause
}

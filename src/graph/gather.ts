import { createWriteStream } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { ArchiveError, type Unpack } from '../contracts/archive.ts'
import { problem } from '../contracts/errors.ts'
import type { UploadFile, UploadReader } from '../contracts/uploads.ts'
import { ignoredFolder } from './analysis/languages.ts'
import type { InputFile } from './analysis/types.ts'

/** The files of some uploads, laid out below a directory. */
export interface Gathered {
  files: InputFile[]
  /** The upload that each path came from. */
  uploadOf: Map<string, string>
  /** Entries of archives that were left out (links, unsafe paths and the like). */
  skipped: number
}

/** What gathering needs. */
export interface GatherDeps {
  read: UploadReader['read']
  unpack: Unpack
  /** Larger files are named, not written: the analysis would not read them. */
  maxFileBytes: number
}

/**
 * Brings uploads to local disk: archives unpacked, other files as they are, all in one tree. Where two bring the same path the later upload
 * wins, as if they had been unpacked one after the other. Folders that are never analysed are not written.
 * @throws ARCHIVE_REFUSED for an archive that cannot be unpacked
 */
export async function gather(
  { read, unpack, maxFileBytes }: GatherDeps,
  uploads: readonly UploadFile[],
  directory: string,
  signal: AbortSignal,
  onProgress: (done: number) => void,
): Promise<Gathered> {
  const byPath = new Map<string, InputFile>()
  const uploadOf = new Map<string, string>()
  let skipped = 0
  for (const [index, upload] of uploads.entries()) {
    signal.throwIfAborted()
    const folder = String(index)
    const add = (path: string, size: number) => {
      byPath.set(path, { path, size, location: `${folder}/${path}` })
      uploadOf.set(path, upload.id)
    }
    if (upload.kind === 'archive') skipped += await unpackUpload(upload, folder, add)
    else {
      await mkdir(join(directory, folder))
      const name = safeName(upload.name)
      await pipeline(await read(upload.id), createWriteStream(join(directory, folder, name)), { signal })
      add(name, upload.size)
    }
    onProgress((index + 1) / uploads.length)
  }
  return { files: [...byPath.values()], uploadOf, skipped }

  async function unpackUpload(
    upload: UploadFile,
    folder: string,
    add: (path: string, size: number) => void,
  ): Promise<number> {
    const stream = await read(upload.id)
    const keep = (path: string, size: number) => {
      const wanted = ignoredFolder(path) === undefined && size <= maxFileBytes
      if (!wanted) add(path, size)
      return wanted
    }
    try {
      const { files, skippedCount } = await unpack({ stream }, { directory: join(directory, folder), signal, keep })
      for (const { path, size } of files) add(path, size)
      return skippedCount
    } catch (cause) {
      signal.throwIfAborted()
      if (!(cause instanceof ArchiveError)) throw cause
      throw problem('ARCHIVE_REFUSED', { detail: `${upload.name}: ${cause.message}`, cause })
    }
  }
}

/** The name of a single file as a path of one part. */
function safeName(name: string): string {
  const last = name.split(/[\\/]/).at(-1) ?? ''
  return last === '' || last === '.' || last === '..' ? 'file' : last
}

import { join } from 'node:path'
import { addAbortSignal } from 'node:stream'
import { ArchiveError, type FileWriter, type Unpack } from '../contracts/archive.ts'
import { problem } from '../contracts/errors.ts'
import type { UploadFile, UploadReader } from '../contracts/uploads.ts'
import { ignoredFolder } from './analysis/languages.ts'
import type { InputFile } from './analysis/types.ts'
import { createConflicts, createPack, type Pack } from './pack.ts'

/** The files of some uploads, in one file of a directory. */
export interface Gathered {
  files: InputFile[]
  /** Name of the file that holds their contents. */
  pack: string
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

const PACK = 'files'

/**
 * Brings uploads to local disk: archives unpacked, other files as they are, all in one tree. Where two bring the same path the later upload
 * wins, as if they had been unpacked one after the other. Folders that are never analysed are not written.
 * @throws ARCHIVE_REFUSED for an archive that cannot be unpacked
 */
export async function gather(
  deps: GatherDeps,
  uploads: readonly UploadFile[],
  directory: string,
  signal: AbortSignal,
  onProgress: (done: number) => void,
): Promise<Gathered> {
  const byPath = new Map<string, InputFile>()
  const uploadOf = new Map<string, string>()
  const pack = await createPack(join(directory, PACK))
  let skipped = 0
  try {
    for (const [index, upload] of uploads.entries()) {
      signal.throwIfAborted()
      const add = (file: InputFile) => {
        byPath.set(file.path, file)
        uploadOf.set(file.path, upload.id)
      }
      if (upload.kind === 'archive')
        skipped += await unpackUpload(deps, upload, { pack, folder: join(directory, String(index)), add, signal })
      else add({ path: safeName(upload.name), ...(await pack.add(addAbortSignal(signal, await deps.read(upload.id)))) })
      onProgress((index + 1) / uploads.length)
    }
    await pack.flush()
  } finally {
    await pack.close()
  }
  return { files: [...byPath.values()], pack: PACK, uploadOf, skipped }
}

/** Unpacks one upload; how many entries were left out. */
async function unpackUpload(
  { read, unpack, maxFileBytes }: GatherDeps,
  upload: UploadFile,
  to: { pack: Pack; folder: string; add: (file: InputFile) => void; signal: AbortSignal },
): Promise<number> {
  const { pack, folder: directory, add, signal } = to
  const stream = await read(upload.id)
  const conflictOf = createConflicts()
  const files: InputFile[] = []
  const keep = (path: string, size: number) => {
    const wanted = ignoredFolder(path) === undefined && size <= maxFileBytes
    if (!wanted) add({ path, size })
    return wanted
  }
  const write: FileWriter = async (path, content) => {
    const conflict = conflictOf(path)
    if (conflict === undefined) files.push({ path, ...(await pack.add(content())) })
    return conflict
  }
  try {
    const { skippedCount } = await unpack({ stream }, { directory, signal, keep, write })
    for (const file of files) add(file)
    return skippedCount
  } catch (cause) {
    signal.throwIfAborted()
    if (!(cause instanceof ArchiveError)) throw cause
    throw problem('ARCHIVE_REFUSED', { detail: `${upload.name}: ${cause.message}`, cause })
  }
}

/** The name of a single file as a path of one part. */
function safeName(name: string): string {
  const last = name.split(/[\\/]/).at(-1) ?? ''
  return last === '' || last === '.' || last === '..' ? 'file' : last
}

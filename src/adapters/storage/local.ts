import { createHash } from 'node:crypto'
import { constants } from 'node:fs'
import { access, type FileHandle, mkdir, open, rename, rm, stat, statfs } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import {
  assertStorageKey,
  type ObjectHead,
  type OpenedObject,
  type PutOptions,
  resolveByteRange,
  type Storage,
  StorageError,
  type StorageErrorCode,
  type StorageHealth,
  type StoredObject,
} from '../../contracts/storage.ts'
import { sweepTemp, tempName } from './local-temp.ts'

/** Settings of the local storage adapter. */
export type LocalStorageOptions = {
  /** Directory that holds everything; made with mode 0700 when missing. Objects lie in `objects/`, temp files in `tmp/`. */
  directory: string
  /** Free space in bytes below which `health` says degraded. @defaultValue 256 MiB */
  lowWaterBytes?: number
}

/**
 * Storage on the local file system, the default. Atomic by temp file, fsync, rename and fsync of the directory, so an
 * acknowledged object survives a power cut and a half-written one is never seen. What a crash left in `tmp/` is
 * removed at start. It is not shared between machines: several hosts need the S3 adapter or a shared volume.
 *
 * @throws {StorageError} UNAVAILABLE when the directory cannot be made or written
 */
export async function createLocalStorage(options: LocalStorageOptions): Promise<Storage> {
  const root = resolve(options.directory)
  const objects = join(root, 'objects')
  const temp = join(root, 'tmp')
  const lowWater = options.lowWaterBytes ?? 256 * 1024 * 1024
  try {
    for (const dir of [root, objects, temp]) await mkdir(dir, { recursive: true, mode: 0o700 })
    await sweepTemp(temp)
  } catch (cause) {
    throw translate(cause, 'UNAVAILABLE')
  }

  const pathOf = (key: string): string => {
    assertStorageKey(key)
    return join(objects, key)
  }

  async function put(
    key: string,
    source: Readable | AsyncIterable<Uint8Array>,
    { maxBytes = Number.POSITIVE_INFINITY, signal }: PutOptions = {},
  ): Promise<StoredObject> {
    const stop = () => source instanceof Readable && source.destroy()
    // The source may fail while the file is still being opened; the loop that reads it meets its error later.
    if (source instanceof Readable) source.on('error', () => {})
    const unfinished = join(temp, tempName())
    try {
      const target = pathOf(key)
      if (signal?.aborted) throw new StorageError('ABORTED', 'The write was aborted')
      signal?.addEventListener('abort', stop, { once: true })
      const stored = await writeDurably(unfinished, source, maxBytes, signal)
      await makeDirectories(objects, dirname(target))
      await rename(unfinished, target)
      await syncDirectory(dirname(target))
      return stored
    } catch (cause) {
      await rm(unfinished, { force: true }).catch(() => {})
      stop()
      throw translate(cause, 'UNAVAILABLE')
    } finally {
      signal?.removeEventListener('abort', stop)
    }
  }

  async function get(key: string, range?: { start: number; end?: number }): Promise<OpenedObject> {
    const path = pathOf(key)
    let handle: FileHandle | undefined
    try {
      handle = await open(path, 'r')
      const info = await handle.stat()
      if (!info.isFile()) throw new StorageError('NOT_FOUND', 'No such object')
      const { start, end } = resolveByteRange(info.size, range)
      if (info.size > 0) return { stream: handle.createReadStream({ start, end }), size: info.size, start, end }
      await handle.close()
      return { stream: Readable.from([]), size: 0, start, end }
    } catch (cause) {
      await handle?.close().catch(() => {})
      throw translate(cause)
    }
  }

  async function head(key: string): Promise<ObjectHead | null> {
    try {
      const info = await stat(pathOf(key))
      return info.isFile() ? { size: info.size, modifiedAt: info.mtime } : null
    } catch (cause) {
      const error = translate(cause)
      if (error.code === 'NOT_FOUND') return null
      throw error
    }
  }

  async function remove(key: string): Promise<void> {
    try {
      await rm(pathOf(key))
    } catch (cause) {
      const error = translate(cause)
      if (error.code !== 'NOT_FOUND') throw error
    }
  }

  async function health(): Promise<StorageHealth> {
    try {
      await access(temp, constants.W_OK)
      const { bavail, bsize } = await statfs(objects)
      const freeBytes = bavail * bsize
      if (freeBytes < lowWater) return { status: 'degraded', detail: 'The disk is nearly full', freeBytes }
      return { status: 'ok', freeBytes }
    } catch {
      return { status: 'down', detail: 'The storage directory cannot be written' }
    }
  }

  return { put, get, head, delete: remove, health, close: async () => {} }
}

/** Copies the source into a new file, one chunk at a time, and returns once the bytes are on the disk. */
async function writeDurably(
  path: string,
  source: AsyncIterable<Uint8Array>,
  maxBytes: number,
  signal: AbortSignal | undefined,
): Promise<StoredObject> {
  const hash = createHash('sha256')
  const handle = await open(path, 'wx', 0o600)
  let size = 0
  try {
    for await (const chunk of guardSource(source)) {
      if (signal?.aborted) throw new StorageError('ABORTED', 'The write was aborted')
      if (size + chunk.byteLength > maxBytes) throw new StorageError('TOO_LARGE', `More than ${maxBytes} bytes`)
      hash.update(chunk)
      await writeFully(handle, chunk)
      size += chunk.byteLength
    }
    if (signal?.aborted) throw new StorageError('ABORTED', 'The write was aborted')
    await handle.sync()
  } finally {
    await handle.close()
  }
  return { size, sha256: hash.digest('hex') }
}

/** Marks what the source itself throws as ABORTED: a peer that hung up is not a fault of the disk. */
async function* guardSource(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* source
  } catch (cause) {
    if (cause instanceof StorageError) throw cause
    throw new StorageError('ABORTED', 'The source ended before its last byte', { cause })
  }
}

/** A write may take only part of the buffer, as it does on the last free blocks of a disk. */
async function writeFully(handle: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let offset = 0; offset < chunk.byteLength; ) {
    const { bytesWritten } = await handle.write(chunk, offset, chunk.byteLength - offset)
    offset += bytesWritten
  }
}

/** Makes the missing directories and syncs the parent of each new one, or the rename could outlive its own directory. */
async function makeDirectories(base: string, dir: string): Promise<void> {
  const first = await mkdir(dir, { recursive: true, mode: 0o700 })
  if (!first) return
  for (let made = dir; made !== base && made.length >= first.length; made = dirname(made)) {
    await syncDirectory(dirname(made))
  }
}

async function syncDirectory(dir: string): Promise<void> {
  const handle = await open(dir, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

const CODES: Record<string, StorageErrorCode> = {
  ENOENT: 'NOT_FOUND',
  ENOTDIR: 'NOT_FOUND',
  EISDIR: 'NOT_FOUND',
  ERR_FS_EISDIR: 'NOT_FOUND',
  ENOSPC: 'FULL',
  EDQUOT: 'FULL',
  EFBIG: 'FULL',
}

/** `missing` is what a path that does not exist means here: no such object when reading, broken storage when writing. */
function translate(cause: unknown, missing: StorageErrorCode = 'NOT_FOUND'): StorageError {
  if (cause instanceof StorageError) return cause
  const found = CODES[(cause as NodeJS.ErrnoException)?.code ?? ''] ?? 'UNAVAILABLE'
  const code = found === 'NOT_FOUND' ? missing : found
  return new StorageError(code, `Storage failed (${(cause as NodeJS.ErrnoException)?.code ?? 'unknown'})`, { cause })
}

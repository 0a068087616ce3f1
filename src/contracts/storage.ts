import type { Readable } from 'node:stream'

/**
 * The storage port: where the bytes of uploads lie. An object is written whole or not at all, never changed in place,
 * and known by its key alone. The port knows no users, names, types or quotas: those are rows of the `uploads` table.
 */
export interface Storage {
  /**
   * Writes an object from a stream in bounded memory and answers its size in bytes and its SHA-256 (hex). The object
   * becomes visible in one step after the last byte is durable; when the source fails, is aborted or grows past
   * `maxBytes`, nothing of it is left and an object that was there before is untouched. Writing to an existing key
   * replaces it. The source is always consumed or destroyed.
   *
   * @throws {StorageError} INVALID_KEY, TOO_LARGE, ABORTED (the source or the signal ended it), FULL, UNAVAILABLE
   */
  put(key: string, source: Readable | AsyncIterable<Uint8Array>, options?: PutOptions): Promise<StoredObject>

  /**
   * Opens an object, or one inclusive byte range of it, for reading. `size` is that of the whole object. The caller
   * must consume or destroy the stream.
   *
   * @throws {StorageError} INVALID_KEY, NOT_FOUND, INVALID_RANGE (it starts past the end, or ends before it starts), UNAVAILABLE
   */
  get(key: string, range?: ByteRange): Promise<OpenedObject>

  /** Size and time of an object, or `null` when there is none. Reads no content. */
  head(key: string): Promise<ObjectHead | null>

  /** Removes an object. One that is not there is no error, so a delete may be repeated after a crash. */
  delete(key: string): Promise<void>

  /** A cheap look at whether objects can be written now. Never throws and never takes longer than a few seconds. */
  health(): Promise<StorageHealth>

  /** Ends what the adapter holds open. Streams already handed out may fail. */
  close(): Promise<void>
}

/** Settings of one `put`. */
export type PutOptions = {
  /** Most bytes the object may have; one more is TOO_LARGE. No limit when absent. */
  maxBytes?: number
  /** Ends the write early; nothing is left. */
  signal?: AbortSignal
}

/** What `put` answers: bytes written and their SHA-256 as 64 hexadecimal digits. */
export type StoredObject = { size: number; sha256: string }

/** Bytes `start` to `end`, both inclusive and counted from 0. An `end` past the last byte means the last byte. */
export type ByteRange = { start: number; end?: number }

/** An object opened for reading. `start` and `end` (inclusive, -1 for an empty object) are what the stream delivers. */
export type OpenedObject = { stream: Readable; size: number; start: number; end: number }

/** Size in bytes and the time of the last write. */
export type ObjectHead = { size: number; modifiedAt: Date }

/** Answer of `health`. `freeBytes` only where the backend can know it. `detail` holds no path of the machine. */
export type StorageHealth = { status: 'ok' | 'degraded' | 'down'; detail?: string; freeBytes?: number }

/** Why a storage call failed. Not an HTTP error: the service that called turns it into a problem. */
export type StorageErrorCode =
  | 'INVALID_KEY'
  | 'INVALID_RANGE'
  | 'NOT_FOUND'
  | 'TOO_LARGE'
  | 'ABORTED'
  | 'FULL'
  | 'UNAVAILABLE'

/** The one error that a storage adapter throws. The message is for logs; the cause is the backend's own error. */
export class StorageError extends Error {
  readonly code: StorageErrorCode

  constructor(code: StorageErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'StorageError'
    this.code = code
  }
}

const KEY = /^[a-z0-9][a-z0-9._-]{0,127}(?:\/[a-z0-9][a-z0-9._-]{0,127}){0,15}$/

/**
 * Refuses every key that is not lower-case segments of letters, digits, dot, dash and underscore joined by `/`, each
 * starting with a letter or digit. That leaves no way to say `..`, an absolute path, NUL or a hidden file, and means
 * the same on a file system as in a bucket.
 *
 * @throws {StorageError} INVALID_KEY
 */
export function assertStorageKey(key: string): void {
  if (typeof key !== 'string' || !KEY.test(key)) throw new StorageError('INVALID_KEY', 'Not a valid storage key')
}

/**
 * Turns a wanted range into the inclusive bounds of an object of `size` bytes.
 *
 * @throws {StorageError} INVALID_RANGE
 */
export function resolveByteRange(size: number, range?: ByteRange): { start: number; end: number } {
  if (!range) return { start: 0, end: size - 1 }
  const end = Math.min(range.end ?? size - 1, size - 1)
  const valid = Number.isSafeInteger(range.start) && range.start >= 0 && range.start < size && end >= range.start
  if (!valid) throw new StorageError('INVALID_RANGE', `No such range in an object of ${size} bytes`)
  return { start: range.start, end }
}

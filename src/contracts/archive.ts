import type { Readable } from 'node:stream'

/**
 * The archive port: turns an uploaded zip, tar or tar.gz into plain files below a directory, whatever the archive tries.
 * Only regular files come out, each below the directory and with mode 0600; everything else is named in `skipped`.
 *
 * @throws {ArchiveError}
 */
export type Unpack = (source: ArchiveSource, options: UnpackOptions) => Promise<Unpacked>

/**
 * The archive's bytes: a file of this machine, or a stream (a zip from a stream is first written beside the target,
 * because its table of contents stands at its end).
 */
export type ArchiveSource = { path: string } | { stream: Readable }

/** Settings of one unpacking. */
export interface UnpackOptions {
  /** Directory to unpack into. Must not exist or be empty; it is made, and removed again when unpacking fails. */
  directory: string
  /** Limits other than {@link ARCHIVE_LIMITS}. */
  limits?: Partial<ArchiveLimits>
  /** Ends the work early with ABORTED. */
  signal?: AbortSignal
  /** Says whether a file is wanted, by its cleaned path and its size in bytes. Unwanted ones are neither written nor named. */
  keep?: (path: string, size: number) => boolean
  /** Takes the files instead of the directory, which then stays empty. */
  write?: FileWriter
  /** Told after each written file. */
  onProgress?: (progress: { files: number; bytes: number }) => void
}

/** Takes one file by its cleaned path: reads all of its content, or says why not. Files come in the order of the archive. */
export type FileWriter = (path: string, content: () => AsyncIterable<Uint8Array>) => Promise<SkipReason | undefined>

/** What one archive may cost. */
export interface ArchiveLimits {
  /** Entries of any kind; more refuse the archive. */
  maxEntries: number
  /** Bytes of one file; a larger one is skipped. */
  maxEntryBytes: number
  /** Bytes of all files together, counted as they come out and also where they are skipped; more refuse the archive. */
  maxTotalBytes: number
  /** Bytes out per byte in, looked at after the first 16 MiB came out; more refuse the archive. */
  maxRatio: number
  /** Bytes of a path in UTF-8; a longer one is skipped. */
  maxPathBytes: number
  /** Directories of a path; a deeper one is skipped. */
  maxDepth: number
}

/** Limits that suit code bases and document collections. */
export const ARCHIVE_LIMITS: ArchiveLimits = {
  maxEntries: 100_000,
  maxEntryBytes: 128 * 1024 ** 2,
  maxTotalBytes: 2 * 1024 ** 3,
  maxRatio: 100,
  maxPathBytes: 1024,
  maxDepth: 64,
}

/** What came out of an archive. `files` is in the order of the archive. */
export interface Unpacked {
  format: ArchiveFormat
  files: { path: string; size: number }[]
  /** What was left out and why; at most 1,000 are named, `skippedCount` counts all. */
  skipped: SkippedEntry[]
  skippedCount: number
  /** Bytes written. */
  bytes: number
}

/** Formats that can be unpacked. */
export type ArchiveFormat = 'zip' | 'tar' | 'tar.gz'

/** An entry that was left out. `path` is made harmless for display; it is not a path to open. */
export interface SkippedEntry {
  path: string
  reason: SkipReason
}

/** Why an entry was left out, with the sentence for people. Nested archives are not here: they come out as the files they are. */
export const SKIP_REASONS = {
  absolute: 'its path is absolute',
  traversal: 'its path leaves the archive',
  bad_name: 'its name has characters that no file should have, or none at all',
  too_long: 'its path is too long or too deep',
  link: 'links are not followed',
  special: 'devices, pipes and other special files are not unpacked',
  duplicate: 'an entry with this name came before',
  conflict: 'its name clashes with another entry on this file system',
  too_large: 'it is larger than one file may be',
  encrypted: 'it is encrypted',
  unsupported: 'it is compressed or stored in an unsupported way',
} as const

/** A key of {@link SKIP_REASONS}. */
export type SkipReason = keyof typeof SKIP_REASONS

/** Why an archive as a whole was refused. */
export type ArchiveErrorCode =
  | 'UNSUPPORTED'
  | 'CORRUPT'
  | 'ENCRYPTED'
  | 'TOO_MANY_ENTRIES'
  | 'TOO_LARGE'
  | 'RATIO'
  | 'FULL'
  | 'ABORTED'

/** The one error of the archive port. The message is fit for users: it names no path of the machine. */
export class ArchiveError extends Error {
  readonly code: ArchiveErrorCode

  constructor(code: ArchiveErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'ArchiveError'
    this.code = code
  }
}

import type { SkipReason } from '../../contracts/archive.ts'

/**
 * One member of an archive as the readers hand it on, before any judgement about its name. Of `content` the consumer
 * reads all or nothing before it asks for the next entry; what it leaves is passed over.
 */
export interface ArchiveEntry {
  /** The name as the archive has it. */
  name: string
  kind: 'file' | 'directory'
  /** Declared bytes. The readers make sure that `content` yields exactly as many, or throw CORRUPT. */
  size: number
  /** Set where the entry is not to be unpacked whatever its name. */
  skip?: SkipReason
  content: () => AsyncIterable<Uint8Array>
}

import { gunzipSync, constants as zlib } from 'node:zlib'
import type { ArchiveFormat } from '../../contracts/archive.ts'
import { parseTarHeader } from './tar-header.ts'

/** Bytes from the start of a file that are enough to know its archive format. */
export const FORMAT_SAMPLE_BYTES = 4096

const startsWith = (head: Uint8Array, ...bytes: number[]) => bytes.every((byte, index) => head[index] === byte)

/** Formats that exist but are not unpacked, by their first bytes, for a message that helps. */
const OTHERS: [string, number[]][] = [
  ['a 7z archive', [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]],
  ['a RAR archive', [0x52, 0x61, 0x72, 0x21, 0x1a, 0x07]],
  ['xz-compressed', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ['bzip2-compressed', [0x42, 0x5a, 0x68]],
  ['Zstandard-compressed', [0x28, 0xb5, 0x2f, 0xfd]],
  ['a gzip file with something else than a tar in it', [0x1f, 0x8b]],
]

/**
 * Tells the archive format by content, never by name.
 * @param head the first {@link FORMAT_SAMPLE_BYTES} of the file, or all of a shorter one
 */
export function detectArchive(head: Buffer): ArchiveFormat | undefined {
  if (startsWith(head, 0x50, 0x4b, 3, 4) || startsWith(head, 0x50, 0x4b, 5, 6)) return 'zip'
  if (isTar(head)) return 'tar'
  if (startsWith(head, 0x1f, 0x8b) && isTar(firstUnzipped(head))) return 'tar.gz'
  return undefined
}

/** What a file is that cannot be unpacked, to be put after "This is". */
export function describeOther(head: Uint8Array): string {
  return OTHERS.find(([, magic]) => startsWith(head, ...magic))?.[0] ?? 'not an archive'
}

function isTar(head: Buffer): boolean {
  if (head.length < 512) return false
  try {
    return parseTarHeader(head.subarray(0, 512)) !== null
  } catch {
    return false
  }
}

/** The start of what a gzip file holds. This little input cannot make more than 4.2 MB: DEFLATE shrinks by 1032 at most. */
function firstUnzipped(head: Buffer): Buffer {
  try {
    return gunzipSync(head.subarray(0, FORMAT_SAMPLE_BYTES), { finishFlush: zlib.Z_SYNC_FLUSH })
  } catch {
    return Buffer.alloc(0)
  }
}

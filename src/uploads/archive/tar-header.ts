import { ArchiveError } from '../../contracts/archive.ts'
import { decodeName } from './safe-path.ts'

/** The parts of a tar header that matter here. `type` is the type flag as a character. */
export interface TarHeader {
  name: string
  type: string
  size: number
}

const corrupt = (what: string) => new ArchiveError('CORRUPT', `The archive is damaged: ${what}`)
const latin1 = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1')

/** Text of a field up to its first NUL. */
export function tarText(bytes: Uint8Array): string {
  const end = bytes.indexOf(0)
  return decodeName(end < 0 ? bytes : bytes.subarray(0, end), latin1)
}

/**
 * Reads one 512-byte header block (POSIX.1-1988 ustar, GNU and the older V7 form) and checks its checksum.
 * @returns null for a block of zeros
 * @throws {ArchiveError} CORRUPT
 */
export function parseTarHeader(block: Buffer): TarHeader | null {
  const total = sumOf(block, 0, block.length)
  if (total === 0) return null
  // The checksum itself counts as blanks.
  const sum = total - sumOf(block, 148, 156) + 8 * 32
  if (sum !== number(block.subarray(148, 156))) throw corrupt('a header has a wrong checksum')
  const size = number(block.subarray(124, 136))
  if (!Number.isSafeInteger(size) || size < 0) throw corrupt('a header has an impossible size')
  const posix = block.subarray(257, 263).equals(Buffer.from('ustar\0'))
  const prefix = posix ? tarText(block.subarray(345, 500)) : ''
  const base = tarText(block.subarray(0, 100))
  const type = String.fromCharCode(block[156] || 0x30)
  return { name: prefix ? `${prefix}/${base}` : base, type, size }
}

/** A plain loop: there is a header for each of thousands of files. */
function sumOf(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0
  for (let at = from; at < to; at++) sum += bytes[at] as number
  return sum
}

/** Octal digits, or binary with the top bit set (the GNU form for numbers that need more room). */
function number(field: Buffer): number {
  const first = field[0] ?? 0
  if (first === 0xff) return -1
  if (first & 0x80) return field.subarray(1).reduce((sum, byte) => sum * 256 + byte, first & 0x7f)
  const digits = field
    .toString('latin1')
    .replace(/[\0 ]+/g, ' ')
    .trim()
  if (digits === '') return 0
  return /^[0-7]+$/.test(digits) ? Number.parseInt(digits, 8) : -1
}

/** What a pax extended header says that changes how its entry is read. */
export interface PaxRecord {
  path?: string
  size?: number
  sparse?: boolean
}

/**
 * Reads the `length key=value\n` records of a pax extended header (POSIX.1-2001).
 * @throws {ArchiveError} CORRUPT
 */
export function parsePax(data: Buffer): PaxRecord {
  const record: PaxRecord = {}
  for (let at = 0; at < data.length; ) {
    const space = data.indexOf(0x20, at)
    const length = space < 0 || space - at > 10 ? Number.NaN : Number(data.toString('latin1', at, space))
    const end = at + length
    if (!Number.isInteger(length) || length < 5 || end > data.length || data[end - 1] !== 0x0a) {
      throw corrupt('an extended header cannot be read')
    }
    const equals = data.indexOf(0x3d, space)
    if (equals < 0 || equals >= end) throw corrupt('an extended header cannot be read')
    const key = data.toString('latin1', space + 1, equals)
    const value = data.subarray(equals + 1, end - 1)
    if (key === 'path') record.path = decodeName(value, latin1)
    if (key === 'size') record.size = /^\d{1,16}$/.test(latin1(value)) ? Number(latin1(value)) : -1
    if (key.startsWith('GNU.sparse.')) record.sparse = true
    at = end
  }
  if (record.size !== undefined && (record.size < 0 || !Number.isSafeInteger(record.size))) {
    throw corrupt('an extended header has an impossible size')
  }
  return record
}

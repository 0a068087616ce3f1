import { pipeline, type Readable } from 'node:stream'
import { crc32, createInflateRaw } from 'node:zlib'
import type { Entry, ZipFile } from 'yauzl'
import { ArchiveError, type SkipReason } from '../../contracts/archive.ts'
import type { Budget } from './budget.ts'
import type { ArchiveEntry } from './entry.ts'
import { decodeName } from './safe-path.ts'

const STORED = 0
const DEFLATED = 8
const FILE_TYPE = 0xf000
const TYPES: Record<number, 'file' | 'directory' | 'link'> = {
  0: 'file',
  32768: 'file',
  16384: 'directory',
  40960: 'link',
}

const corrupt = (message: string, cause?: unknown) => new ArchiveError('CORRUPT', message, { cause })

/**
 * Reads the entries of a zip file one after the other. The whole table of contents is looked at before the first entry
 * is handed out, so an archive that declares too much is refused with nothing unpacked; what lies about itself is
 * caught while it inflates. Sizes and CRC-32 of every entry that is read are compared.
 *
 * @throws {ArchiveError}
 */
export async function* readZip(path: string, budget: Budget): AsyncGenerator<ArchiveEntry> {
  const { openPromise, getFileNameLowLevel } = await import('yauzl')
  // Many tools write UTF-8 without the flag that says so: what is valid UTF-8 is taken as that, the rest as the format has it.
  const nameOf = ({ fileNameRaw, generalPurposeBitFlag, extraFields }: Entry) =>
    decodeName(fileNameRaw, () => getFileNameLowLevel(generalPurposeBitFlag, fileNameRaw as Buffer, extraFields, true))
  const zip = await openPromise(path, { decodeStrings: false, autoClose: false }).catch((cause) => {
    throw translate(cause)
  })
  zip.on('error', () => {})
  try {
    const entries = await readDirectory(zip, budget)
    for (const entry of entries) yield toArchiveEntry(zip, entry, nameOf(entry), budget)
  } finally {
    zip.close()
  }
}

async function readDirectory(zip: ZipFile, budget: Budget): Promise<Entry[]> {
  const entries: Entry[] = []
  let packed = 0
  let unpacked = 0
  try {
    for await (const entry of zip.eachEntry()) {
      budget.entry()
      packed += entry.compressedSize
      unpacked += entry.uncompressedSize
      // Entries that share their data let a small file declare endless contents (a "better zip bomb", Fifield 2019).
      if (packed > zip.fileSize) throw corrupt('The archive is damaged: its entries overlap')
      budget.declared(zip.fileSize, unpacked)
      entries.push(entry)
    }
  } catch (cause) {
    throw translate(cause)
  }
  budget.read(zip.fileSize)
  return entries
}

function toArchiveEntry(zip: ZipFile, entry: Entry, name: string, budget: Budget): ArchiveEntry {
  const type = TYPES[(entry.externalFileAttributes >>> 16) & FILE_TYPE]
  const directory = /[\\/]$/.test(name) || type === 'directory'
  const skip = directory ? undefined : skipOf(entry, type)
  return {
    name,
    kind: directory ? 'directory' : 'file',
    size: directory ? 0 : entry.uncompressedSize,
    ...(skip && { skip }),
    content: () => readContent(zip, entry, budget),
  }
}

function skipOf(entry: Entry, type: string | undefined): SkipReason | undefined {
  if (type === 'link') return 'link'
  if (type === undefined) return 'special'
  if (entry.isEncrypted()) return 'encrypted'
  return entry.compressionMethod === STORED || entry.compressionMethod === DEFLATED ? undefined : 'unsupported'
}

async function* readContent(zip: ZipFile, entry: Entry, budget: Budget): AsyncGenerator<Uint8Array> {
  let size = 0
  let checksum = 0
  try {
    const raw = await zip.openReadStreamPromise(entry, { decodeFileData: false })
    for await (const chunk of entry.compressionMethod === DEFLATED ? inflate(raw) : raw) {
      size += chunk.byteLength
      if (size > entry.uncompressedSize) throw corrupt('The archive is damaged: an entry is longer than it declares')
      checksum = crc32(chunk, checksum)
      budget.produced(chunk.byteLength)
      yield chunk
    }
  } catch (cause) {
    throw translate(cause)
  }
  if (size !== entry.uncompressedSize) throw corrupt('The archive is damaged: an entry is shorter than it declares')
  if (checksum !== entry.crc32) throw corrupt('The archive is damaged: the checksum of an entry is wrong')
}

function inflate(raw: Readable): AsyncIterable<Uint8Array> {
  return pipeline(raw, createInflateRaw(), () => {})
}

function translate(cause: unknown): unknown {
  if (cause instanceof ArchiveError) return cause
  const { code, message = '' } = cause as NodeJS.ErrnoException
  if (code && !code.startsWith('Z_')) return cause
  if (/encrypt/i.test(message)) return new ArchiveError('ENCRYPTED', 'The archive is encrypted', { cause })
  if (/not a zip file|truncated/i.test(message)) return corrupt('The archive is cut off, or not a zip file', cause)
  if (/multi-disk/i.test(message))
    return new ArchiveError('UNSUPPORTED', 'The archive is one part of several', { cause })
  return corrupt('The archive is damaged and cannot be read', cause)
}

import { ArchiveError, type SkipReason } from '../../contracts/archive.ts'
import type { Budget } from './budget.ts'
import type { ByteReader } from './byte-reader.ts'
import type { ArchiveEntry } from './entry.ts'
import { type PaxRecord, parsePax, parseTarHeader, tarText } from './tar-header.ts'

const BLOCK = 512
/** Largest extended header and longest chain of them before one entry: far above what any tool writes. */
const MAX_EXTENSION_BYTES = 64 * 1024
const MAX_EXTENSIONS = 16

const FILES = new Set(['0', '7'])
const LINKS = new Set(['1', '2'])
const SPECIALS = new Set(['3', '4', '6'])

const padding = (size: number) => (BLOCK - (size % BLOCK)) % BLOCK

/**
 * Reads the entries of a tar stream one after the other. Own code rather than tar-stream, because that one lets a
 * small archive keep the event loop busy for minutes: it copies a global header of up to 4 MB for every entry.
 *
 * @param endMark whether the blocks of zeros at the end must be there. Without them a cut at the border of an entry
 * goes unseen, so it is for streams that have an end of their own.
 * @throws {ArchiveError}
 */
export async function* readTar(reader: ByteReader, budget: Budget, endMark: boolean): AsyncGenerator<ArchiveEntry> {
  let extension: PaxRecord = {}
  let extensions = 0
  for (;;) {
    const block = await reader.read(BLOCK)
    if (block === null && !endMark) return
    if (block === null) throw new ArchiveError('CORRUPT', 'The archive is cut off: its end mark is missing')
    const header = parseTarHeader(block)
    if (header === null) return await reader.drain()

    if ('xgLK'.includes(header.type)) {
      extensions += 1
      if (extensions > MAX_EXTENSIONS || header.size > MAX_EXTENSION_BYTES) {
        throw new ArchiveError('CORRUPT', 'The archive is damaged: its extended headers are too large')
      }
      const data = (await reader.read(header.size)) ?? Buffer.alloc(0)
      await reader.skip(padding(header.size))
      if (header.type === 'x') extension = { ...extension, ...parsePax(data) }
      if (header.type === 'L') extension.path = tarText(data)
      continue
    }

    budget.entry()
    const name = extension.path ?? header.name
    const directory = header.type === '5' || (FILES.has(header.type) && name.endsWith('/'))
    // Links carry no data, and the size of a directory is a hint to reserve room.
    const size = directory || LINKS.has(header.type) ? 0 : (extension.size ?? header.size)
    const skip = skipOf(header.type, directory, extension)
    extension = {}
    extensions = 0
    let begun = false
    const content = () => {
      begun = true
      return reader.stream(size)
    }
    yield { name, kind: directory ? 'directory' : 'file', size, ...(skip && { skip }), content }
    await reader.skip(begun ? padding(size) : size + padding(size))
  }
}

function skipOf(type: string, directory: boolean, { sparse }: PaxRecord): SkipReason | undefined {
  if (LINKS.has(type)) return 'link'
  if (SPECIALS.has(type)) return 'special'
  if (sparse) return 'unsupported'
  return directory || FILES.has(type) ? undefined : 'unsupported'
}

import { randomBytes } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { rm, writeFile } from 'node:fs/promises'
import { pipeline, Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { ArchiveError, type ArchiveFormat, type ArchiveSource } from '../../contracts/archive.ts'
import { type Budget, counted } from './budget.ts'
import { createByteReader } from './byte-reader.ts'
import type { ArchiveEntry } from './entry.ts'
import { describeOther, detectArchive, FORMAT_SAMPLE_BYTES } from './format.ts'
import { readTar } from './tar.ts'
import { readZip } from './zip.ts'

/** What comes out of gzip at a time: each chunk is a way to the thread pool and back. */
const CHUNK_BYTES = 64 * 1024

/** An archive that was recognised by its content. `close` lets go of the source and of what was written for it. */
export interface OpenedArchive {
  format: ArchiveFormat
  entries: AsyncIterable<ArchiveEntry>
  close: () => Promise<void>
}

/**
 * Recognises an archive by its content and makes its entries readable one after the other. They are as the archive has
 * them: hostile names, links and all. Use `unpack` for files.
 *
 * @param spoolPrefix where a zip that comes as a stream is written for the time it is open
 * @throws {ArchiveError} UNSUPPORTED
 */
export async function openArchive(source: ArchiveSource, budget: Budget, spoolPrefix: string): Promise<OpenedArchive> {
  const input = 'path' in source ? createReadStream(source.path) : source.stream
  const { head, all } = await peek(input)
  const format = detectArchive(head)
  if (format === undefined) {
    input.destroy()
    const what = head.length === 0 ? 'empty' : describeOther(head)
    throw new ArchiveError('UNSUPPORTED', `The file is ${what}; zip, tar and tar.gz can be unpacked`)
  }
  if (format !== 'zip') return openTar(input, all, format, budget)
  if ('stream' in source) return openSpooled(all, budget, `${spoolPrefix}.${randomBytes(6).toString('hex')}`)
  input.destroy()
  return { format, entries: readZip(source.path, budget), close: async () => {} }
}

/** Reads the first bytes without losing them: `all` yields them again, and then the rest. */
async function peek(input: Readable) {
  const iterator = input[Symbol.asyncIterator]()
  const first: Buffer[] = []
  for (let size = 0; size < FORMAT_SAMPLE_BYTES; ) {
    const { done, value } = await iterator.next()
    if (done) break
    first.push(value)
    size += value.length
  }
  async function* everything(): AsyncGenerator<Buffer> {
    yield* first
    yield* { [Symbol.asyncIterator]: () => iterator }
  }
  return { head: Buffer.concat(first).subarray(0, FORMAT_SAMPLE_BYTES), all: everything() }
}

function openTar(input: Readable, all: AsyncIterable<Buffer>, format: 'tar' | 'tar.gz', budget: Budget): OpenedArchive {
  const packed = counted(all, budget.read)
  const plain =
    format === 'tar' ? packed : pipeline(Readable.from(packed), createGunzip({ chunkSize: CHUNK_BYTES }), () => {})
  const reader = createByteReader(counted(plain, budget.produced))
  const close = async () => {
    await reader.close()
    input.destroy()
  }
  return { format, entries: readTar(reader, budget, format === 'tar'), close }
}

async function openSpooled(all: AsyncIterable<Buffer>, budget: Budget, path: string): Promise<OpenedArchive> {
  const close = () => rm(path, { force: true })
  try {
    await writeFile(path, all, { flag: 'wx', mode: 0o600 })
  } catch (cause) {
    await close()
    throw cause
  }
  return { format: 'zip', entries: readZip(path, budget), close }
}

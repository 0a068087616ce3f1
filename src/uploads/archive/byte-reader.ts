import { ArchiveError } from '../../contracts/archive.ts'

/** Reads exact numbers of bytes from a stream of chunks, holding one chunk at a time. Not for two readers at once. */
export function createByteReader(chunks: AsyncIterable<Uint8Array>) {
  const iterator = chunks[Symbol.asyncIterator]()
  let current: Uint8Array = new Uint8Array()
  let offset = 0

  /** Makes sure that at least one byte is there; false at the end. */
  async function fill(): Promise<boolean> {
    while (offset >= current.byteLength) {
      const { done, value } = await iterator.next()
      if (done) return false
      current = value
      offset = 0
    }
    return true
  }

  function take(most: number): Uint8Array {
    const part = current.subarray(offset, offset + most)
    offset += part.byteLength
    return part
  }

  /** Chunks of exactly `length` bytes together. @throws {ArchiveError} CORRUPT when the stream ends before */
  async function* stream(length: number): AsyncGenerator<Uint8Array> {
    for (let left = length; left > 0; ) {
      if (!(await fill())) throw new ArchiveError('CORRUPT', 'The archive is cut off')
      const part = take(left)
      left -= part.byteLength
      yield part
    }
  }

  return {
    stream,
    /** Exactly `length` bytes in one buffer, or null when the stream has ended cleanly before the first. */
    async read(length: number): Promise<Buffer | null> {
      if (length > 0 && !(await fill())) return null
      const result = Buffer.allocUnsafe(length)
      let at = 0
      for await (const part of stream(length)) {
        result.set(part, at)
        at += part.byteLength
      }
      return result
    },
    /** Passes over `length` bytes. */
    async skip(length: number): Promise<void> {
      for await (const _ of stream(length));
    },
    /** Reads the rest to its end, so that a checksum at the end of the stream is looked at. */
    async drain(): Promise<void> {
      while (await fill()) offset = current.byteLength
    },
    /** Lets the source go. */
    close: async () => void (await iterator.return?.()),
  }
}

/** See {@link createByteReader}. */
export type ByteReader = ReturnType<typeof createByteReader>

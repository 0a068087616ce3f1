import { ArchiveError, type ArchiveLimits } from '../../contracts/archive.ts'

/** The ratio is looked at only after this many bytes: tiny archives of empty lines are no attack. */
const RATIO_FLOOR = 16 * 1024 ** 2

/**
 * Counts what an archive costs while it is read, and refuses it at the byte that is too much. Counts what really comes
 * out, never what a header claims alone.
 */
export function createBudget(limits: ArchiveLimits) {
  let entries = 0
  let bytesIn = 0
  let bytesOut = 0

  const judge = (from: number, to: number) => {
    if (to > limits.maxTotalBytes) {
      throw new ArchiveError('TOO_LARGE', `The archive unpacks to more than ${limits.maxTotalBytes} bytes`)
    }
    if (to > RATIO_FLOOR && to > from * limits.maxRatio) {
      throw new ArchiveError('RATIO', `The archive unpacks to more than ${limits.maxRatio} times its size`)
    }
  }

  return {
    /** Counts one entry of any kind. */
    entry() {
      entries += 1
      if (entries > limits.maxEntries) {
        throw new ArchiveError('TOO_MANY_ENTRIES', `The archive has more than ${limits.maxEntries} entries`)
      }
    },
    /** Counts compressed bytes that went in. */
    read(bytes: number) {
      bytesIn += bytes
    },
    /** Counts bytes that came out. */
    produced(bytes: number) {
      bytesOut += bytes
      judge(bytesIn, bytesOut)
    },
    /** Refuses by what a table of contents declares, before anything is unpacked. */
    declared: judge,
  }
}

/** See {@link createBudget}. */
export type Budget = ReturnType<typeof createBudget>

/** Passes chunks through and counts them. */
export async function* counted(
  chunks: AsyncIterable<Uint8Array>,
  count: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    count(chunk.byteLength)
    yield chunk
  }
}

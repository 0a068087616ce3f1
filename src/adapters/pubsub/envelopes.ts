import { randomBytes } from 'node:crypto'

/** One message on its way: channel and payload. */
export type Parcel = readonly [channel: string, payload: string]

/** NOTIFY takes less than 8000 bytes; this leaves room for the head of a fragment. */
const MAX_BYTES = 7900
/** UTF-8 needs at most three bytes for a UTF-16 code unit, so that this many always fit. */
const FRAGMENT_UNITS = 2600
/** Fragments of messages that never became whole are forgotten beyond this many. */
const MAX_PARTIAL = 64

/**
 * Packs messages into texts of less than 8000 bytes, keeping their order: as many as fit into one JSON array, and one
 * that is too long by itself into fragments `~id:index:count:piece`.
 */
export function packEnvelopes(parcels: readonly Parcel[]): string[] {
  const envelopes: string[] = []
  let open: string[] = []
  let bytes = 0
  const seal = () => {
    if (open.length > 0) envelopes.push(`[${open.join(',')}]`)
    open = []
    bytes = 0
  }
  for (const parcel of parcels) {
    const text = JSON.stringify(parcel)
    const size = Buffer.byteLength(text) + 1
    if (bytes + size > MAX_BYTES) seal()
    if (size > MAX_BYTES) {
      envelopes.push(...fragment(`[${text}]`))
    } else {
      open.push(text)
      bytes += size
    }
  }
  seal()
  return envelopes
}

function fragment(text: string): string[] {
  const pieces: string[] = []
  for (let start = 0; start < text.length; ) {
    let end = Math.min(start + FRAGMENT_UNITS, text.length)
    const last = text.charCodeAt(end - 1)
    // A surrogate pair that is cut in two would not survive UTF-8.
    if (end < text.length && last >= 0xd800 && last <= 0xdbff) end -= 1
    pieces.push(text.slice(start, end))
    start = end
  }
  const id = randomBytes(9).toString('base64url')
  return pieces.map((piece, index) => `~${id}:${index}:${pieces.length}:${piece}`)
}

/** Reads envelopes again. It keeps fragments until the message is whole; `reset` forgets them after a lost connection. */
export function createUnpacker() {
  const partial = new Map<string, string[]>()

  function collect(text: string): string | undefined {
    const [id, index, count] = text.slice(1, 60).split(':', 3) as [string, string, string]
    const piece = text.slice(1 + id.length + index.length + count.length + 3)
    const pieces = partial.get(id) ?? []
    pieces[Number(index)] = piece
    if (pieces.filter((part) => part !== undefined).length === Number(count)) {
      partial.delete(id)
      return pieces.join('')
    }
    partial.set(id, pieces)
    if (partial.size > MAX_PARTIAL) partial.delete(partial.keys().next().value!)
    return undefined
  }

  return {
    /** The messages of one envelope; none while fragments are missing. Throws on a text that is no envelope. */
    unpack(text: string): Parcel[] {
      const whole = text.startsWith('~') ? collect(text) : text
      return whole === undefined ? [] : (JSON.parse(whole) as Parcel[])
    },
    reset: () => partial.clear(),
  }
}

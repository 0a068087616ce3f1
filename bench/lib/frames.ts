/**
 * One masked client frame (RFC 6455) of at most 64 KiB. The mask is zero: legal, and it spares the generator the
 * masking; never do this in a browser-facing client.
 */
export function clientFrame(payload: Buffer, opcode: number): Buffer {
  const short = payload.length < 126
  const head = Buffer.alloc(short ? 6 : 8)
  head[0] = 0x80 | opcode
  if (short) head[1] = 0x80 | payload.length
  else {
    head[1] = 0x80 | 126
    head.writeUInt16BE(payload.length, 2)
  }
  return Buffer.concat([head, payload])
}

/** Reads unmasked server frames from a stream of chunks. Fragmented messages are handed over piece by piece. */
export function createFrameReader(onFrame: (opcode: number, payload: Buffer) => void): (chunk: Buffer) => void {
  let rest: Buffer | undefined
  return (chunk) => {
    const data = rest ? Buffer.concat([rest, chunk]) : chunk
    rest = undefined
    let at = 0
    while (at < data.length) {
      let length = data.length - at >= 2 ? data[at + 1]! & 0x7f : -1
      let head = 2
      if (length === 126) {
        length = data.length - at >= 4 ? data.readUInt16BE(at + 2) : -1
        head = 4
      } else if (length === 127) {
        length = data.length - at >= 10 ? Number(data.readBigUInt64BE(at + 2)) : -1
        head = 10
      }
      if (length === -1 || data.length - at < head + length) {
        // Copied: a chunk may be read over.
        rest = Buffer.from(data.subarray(at))
        return
      }
      onFrame(data[at]! & 0x0f, data.subarray(at + head, at + head + length))
      at += head + length
    }
  }
}

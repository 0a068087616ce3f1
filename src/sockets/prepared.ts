/** What ws writes its frames with. Not in its types: a test says when another version has something else in its place. */
interface Sender {
  sendFrame(buffers: Buffer[], done?: () => void): void
}

/** First byte of a whole text message: FIN, opcode 1. */
const WHOLE_TEXT = 0x81
/** Lengths up to here stand in the second byte itself; above, it says whether 2 or 8 bytes with the length follow. */
const MOST_SHORT = 125
const IN_TWO_BYTES = 126
const IN_EIGHT_BYTES = 127

/**
 * A text message as a server sends it over the wire, header and payload in one (RFC 6455, section 5.2): made once for all its receivers, where `send`
 * makes a header anew for each.
 */
export function frameOf(text: string): Buffer {
  const length = Buffer.byteLength(text)
  const head = length <= MOST_SHORT ? 2 : length <= 0xffff ? 4 : 10
  const frame = Buffer.allocUnsafe(head + length)
  frame[0] = WHOLE_TEXT
  if (head === 2) frame[1] = length
  else if (head === 4) {
    frame[1] = IN_TWO_BYTES
    frame.writeUInt16BE(length, 2)
  } else {
    frame[1] = IN_EIGHT_BYTES
    frame.writeBigUInt64BE(BigInt(length), 2)
  }
  frame.write(text, head)
  return frame
}

/** The sender of an open socket without extensions; undefined for what only looks like one (a stream of events, a guest). */
export const senderOf = (socket: object): Sender | undefined => (socket as { _sender?: Sender })._sender

import * as ws from 'ws'

/** What ws makes its frames with. Not in its types: a test says when another version has something else in its place. */
interface Sender {
  sendFrame(buffers: Buffer[], done?: () => void): void
}
const { Sender } = ws as unknown as {
  Sender: {
    frame(data: Buffer, options: { fin: true; rsv1: false; opcode: 1; mask: false; readOnly: true }): Buffer[]
  }
}

/** A text message as it goes over the wire, header and payload in one: made once for all its receivers, where `send` makes it anew for each. */
export const prepare = (payload: Buffer): Buffer =>
  Buffer.concat(Sender.frame(payload, { fin: true, rsv1: false, opcode: 1, mask: false, readOnly: true }))

/** The sender of an open socket without extensions; undefined for what only looks like one (a stream of events, a guest). */
export const senderOf = (socket: object): Sender | undefined => (socket as { _sender?: Sender })._sender

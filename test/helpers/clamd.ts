import { createServer, type Socket } from 'node:net'
import type { Test } from 'tap'

/** What a clamd may do otherwise than usual. */
export interface FakeClamdOptions {
  /** StreamMaxLength. */
  maxBytes?: number
}

const MARK = 'EICAR-STANDARD-ANTIVIRUS-TEST-FILE'

/** A server that speaks clamd's zPING and zINSTREAM (clamd(8)) and knows one virus, EICAR. Answers its URL; ended with the test. */
export async function fakeClamd(
  t: Test,
  { maxBytes = Number.POSITIVE_INFINITY }: FakeClamdOptions = {},
): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {}).on('close', () => sockets.delete(socket))
    let pending = Buffer.alloc(0)
    let content: Buffer | undefined
    socket.on('data', (data) => {
      pending = Buffer.concat([pending, data as Buffer])
      if (content === undefined) {
        if (pending.toString('latin1').startsWith('zPING\0')) return void socket.end('PONG\0')
        if (!pending.toString('latin1').startsWith('zINSTREAM\0')) return
        pending = pending.subarray(10)
        content = Buffer.alloc(0)
      }
      while (pending.length >= 4) {
        const length = pending.readUInt32BE(0)
        if (length === 0) return void socket.end(content.includes(MARK) ? 'stream: Eicar-Test FOUND\0' : 'stream: OK\0')
        if (pending.length < 4 + length) return
        content = Buffer.concat([content, pending.subarray(4, 4 + length)])
        pending = pending.subarray(4 + length)
        if (content.length > maxBytes) return void socket.end('INSTREAM size limit exceeded. ERROR\0')
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as { port: number }
  return `tcp://127.0.0.1:${port}`
}

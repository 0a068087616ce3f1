import { connect, type Socket } from 'node:net'
import type { Readable } from 'node:stream'
import { type Scanner, ScannerError, type ScanResult } from '../../contracts/scanner.ts'

/** Where clamd listens, and how patient to be. */
export interface ClamdOptions {
  /** `tcp://host:3310` or `unix:///run/clamav/clamd.ctl`. */
  url: string
  /** Longest silence of clamd in ms, also while it takes no more bytes. @defaultValue 60 s */
  timeoutMs?: number
}

const MAX_REPLY = 4096

/**
 * Scans with a ClamAV daemon, one connection a file, by the INSTREAM command: chunks with their length before them, a
 * length of zero at the end. Files above clamd's StreamMaxLength are `failed`: set it to what uploads may have.
 */
export function createClamdScanner({ url, timeoutMs = 60_000 }: ClamdOptions): Scanner {
  const { protocol, hostname, port, pathname } = new URL(url)
  const target = protocol === 'unix:' ? { path: pathname } : { host: hostname, port: Number(port || 3310) }

  /** Opens a connection; `reply` settles with what clamd says, or fails with the connection. */
  function open(silenceMs: number): { socket: Socket; reply: Promise<string> } {
    const socket = connect(target)
    const reply = new Promise<string>((resolve, reject) => {
      let text = ''
      socket.setTimeout(silenceMs, () => socket.destroy(new Error('clamd is silent')))
      socket.setEncoding('utf8').on('data', (data) => {
        text += data
        if (text.includes('\0') || text.length > MAX_REPLY) resolve(text.split('\0', 1)[0] ?? '')
      })
      socket.on('error', (cause) => reject(new ScannerError('clamd does not answer', { cause })))
      socket.on('close', () => reject(new ScannerError('clamd closed the connection')))
    })
    // Looked at after the sending, which may fail first.
    reply.catch(() => {})
    return { socket, reply }
  }

  async function scan(content: Readable): Promise<ScanResult> {
    const { socket, reply } = open(timeoutMs)
    let answered = false
    reply.then(
      () => {
        answered = true
      },
      () => {
        answered = true
      },
    )
    try {
      socket.write('zINSTREAM\0')
      for await (const chunk of content as AsyncIterable<Buffer>) {
        if (answered) break
        const length = Buffer.alloc(4)
        length.writeUInt32BE(chunk.length)
        socket.write(length)
        if (!socket.write(chunk)) await Promise.race([drained(socket), reply])
      }
      if (!answered) socket.write(Buffer.alloc(4))
      return interpret(await reply)
    } finally {
      content.destroy()
      socket.destroy()
    }
  }

  async function ping(): Promise<boolean> {
    const { socket, reply } = open(2000)
    socket.write('zPING\0')
    const answer = await reply.catch(() => '')
    socket.destroy()
    return answer === 'PONG'
  }

  return { scan, ping }
}

const drained = (socket: Socket) => new Promise<void>((resolve) => socket.once('drain', resolve))

function interpret(reply: string): ScanResult {
  const found = /^stream: (.+) FOUND$/.exec(reply)?.[1]
  if (found !== undefined) return { verdict: 'infected', signature: found.slice(0, 200) }
  if (reply === 'stream: OK') return { verdict: 'clean' }
  return { verdict: 'failed', reason: reply.slice(0, 200) }
}

import { WebSocket } from 'ws'
import { checkServerFrame } from './frames.ts'

/** A frame as the server sent it. */
export type Frame = { type: string; id?: number } & Record<string, unknown>

/**
 * A plain client of the protocol: no SDK, so that tests see the frames themselves. It keeps all frames in `frames`, and holds each of them
 * against the tables of the protocol; `records: false` leaves the records of events out, for hubs whose events are made up.
 */
export async function openSocket(
  url: string,
  options: { token?: string; protocols?: string[]; headers?: Record<string, string>; records?: boolean } = {},
) {
  const protocols = options.protocols ?? ['parley.v1', ...(options.token ? [`bearer.${options.token}`] : [])]
  const socket = new WebSocket(url, protocols, { headers: options.headers, perMessageDeflate: false })
  const frames: Frame[] = []
  const waiting = new Set<() => void>()
  const asked = new Map<number, string>()
  let writes = 0
  let lastId = 0
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.on('close', (code, reason) => resolve({ code, reason: String(reason) }))
  })
  socket.on('message', (data) => {
    const parsed = JSON.parse(String(data)) as Frame | Frame[]
    writes += 1
    const arrived = Array.isArray(parsed) ? parsed : [parsed]
    for (const frame of arrived) {
      const answers = frame.id === undefined ? undefined : asked.get(frame.id)
      checkServerFrame(frame, { answers, ...(options.records === false && { records: false }) })
    }
    frames.push(...arrived)
    for (const look of [...waiting]) look()
  })
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve)
    socket.once('error', reject)
  })
  socket.on('error', () => {})

  /** The first frame, old or new, that fits; rejects when the connection closes before. */
  function find(fits: (frame: Frame) => boolean, from = 0): Promise<Frame> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const found = frames.slice(from).find(fits)
        if (!found) return
        waiting.delete(look)
        resolve(found)
      }
      waiting.add(look)
      look()
      void closed.then(({ code, reason }) => reject(new Error(`closed with ${code} ${reason}`)))
    })
  }

  return {
    socket,
    frames,
    closed,
    get writes() {
      return writes
    },
    find,
    send: (...sent: object[]) => socket.send(JSON.stringify(sent.length === 1 ? sent[0] : sent)),
    /** Sends a frame with an id and waits for its ack or error. */
    async ask(frame: { type: string } & Record<string, unknown>): Promise<Frame> {
      lastId += 1
      const id = lastId
      asked.set(id, frame.type)
      socket.send(JSON.stringify({ id, ...frame }))
      return find((answer) => answer.id === id)
    },
    /** Waits until the events of a topic up to `seq` are there, and answers their numbers in order of arrival. */
    async upTo(topic: string, seq: number): Promise<number[]> {
      await find((frame) => frame.type === 'event' && frame.topic === topic && Number(frame.seq) >= seq)
      return frames.filter((frame) => frame.type === 'event' && frame.topic === topic).map((frame) => Number(frame.seq))
    },
    async close() {
      socket.terminate()
      await closed
    },
  }
}

/** See {@link openSocket}. */
export type SocketClient = Awaited<ReturnType<typeof openSocket>>

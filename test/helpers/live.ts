import { get, type IncomingMessage, request } from 'node:http'
import type { Test } from 'tap'
import { openSocket } from './socket-client.ts'

/** A connection that goes on until somebody ends it; `ended` is the code that it was closed with, or that it was said to end for. */
export interface Live {
  name: string
  ended: Promise<number>
  /** Whether it has ended by now. */
  over: () => boolean
}

/** Follows a started stream of server-sent events to its end. */
function streamOf(t: Test, name: string, response: IncomingMessage): Live {
  t.teardown(() => response.destroy())
  let [text, over] = ['', false]
  response.on('error', () => {})
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
  })
  const ended = new Promise<number>((resolve) => {
    response.once('close', () => {
      over = true
      resolve(Number(/event: close\ndata: \{"code":(\d+)/.exec(text)?.[1] ?? 0))
    })
  })
  return { name, ended, over: () => over }
}

/** Resolves with the answer once its first event is there. */
const begun = (call: ReturnType<typeof request>) =>
  new Promise<IncomingMessage>((resolve, reject) => {
    call.once('error', reject)
    call.once('response', (response: IncomingMessage) => {
      if (response.statusCode === 200) response.once('readable', () => resolve(response))
      else reject(new Error(`${call.path}: ${response.statusCode}`))
    })
  })

/** One of each kind of connection that lives on, opened with one token at one instance. The answer of a chat ends by itself unless no worker runs. */
export async function openAll(
  t: Test,
  origin: string,
  token: string,
  { topic, label, conversationId }: { topic: string; label: string; conversationId?: string },
): Promise<Live[]> {
  const authorization = `Bearer ${token}`
  const socket = await openSocket(`${origin.replace('http', 'ws')}/ws`, { token })
  t.teardown(() => socket.close())
  await socket.ask({ type: 'subscribe', topic })
  let over = false
  const ended = socket.closed.then(({ code }) => {
    over = true
    return code
  })
  const events = await begun(get(`${origin}/api/events?topics=${topic}`, { headers: { authorization } }))
  const headers = { authorization, accept: 'text/event-stream', 'content-type': 'application/json' }
  const call = request(`${origin}/api/chat`, { method: 'POST', headers })
  call.end(JSON.stringify({ message: '@assistant What is there?', ...(conversationId && { conversationId }) }))
  const chat = await begun(call)
  return [
    { name: `${label}: WebSocket`, ended, over: () => over },
    streamOf(t, `${label}: stream of events`, events),
    streamOf(t, `${label}: stream of an answer`, chat),
  ]
}

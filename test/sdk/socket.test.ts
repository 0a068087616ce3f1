import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { type WebSocket as ServerSocket, WebSocketServer, WebSocket as WsWebSocket } from 'ws'
import { createParley, memoryStore, type Parley, ParleyError, type WebSocketClass } from '../../sdk/index.ts'

type Frame = Record<string, unknown> & { type: string; id?: number }

/** A scripted server: the test reads each frame of the client and answers by hand, to reach orders that a real one gives seldom. */
async function scriptedServer(test: Tap.Test) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', handleProtocols: () => 'parley.v1' })
  await once(server, 'listening')
  test.teardown(() => {
    for (const client of server.clients) client.terminate()
    server.close()
  })
  const inbox: { socket: ServerSocket; frame: Frame }[] = []
  const readers: ((item: { socket: ServerSocket; frame: Frame }) => void)[] = []
  let authAnswer: (frame: Frame) => Frame = (frame) => ({ type: 'ack', id: frame.id as number })
  server.on('connection', (socket) => {
    socket.send(JSON.stringify({ type: 'system', event: 'hello', connectionId: 'c', heartbeatSeconds: 25 }))
    socket.on('message', (data) => {
      const frame = JSON.parse(String(data)) as Frame
      if (frame.type === 'ping') return
      if (frame.type === 'auth') return void socket.send(JSON.stringify(authAnswer(frame)))
      const reader = readers.shift()
      if (reader) reader({ socket, frame })
      else inbox.push({ socket, frame })
    })
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** The next frame of the client (auth and ping left out), and the connection it came on. */
    next: () =>
      new Promise<{ socket: ServerSocket; frame: Frame }>((resolve) => {
        const item = inbox.shift()
        if (item) resolve(item)
        else readers.push(resolve)
      }),
    onAuth: (answer: typeof authAnswer) => {
      authAnswer = answer
    },
    pending: () => inbox.length,
  }
}

declare namespace Tap {
  type Test = { teardown: (fn: () => unknown) => void }
}

const send = (socket: ServerSocket, frame: object) => socket.send(JSON.stringify(frame))
const event = (seq: number, topic = 'room', epoch = 'e1') => ({
  type: 'event',
  topic,
  epoch,
  seq,
  name: 'x',
  data: { n: seq },
})

function client(test: Tap.Test, url: string, fetch?: typeof globalThis.fetch): Parley {
  const store = memoryStore({ accessToken: 'a1', refreshToken: 'r1', expiresAt: Date.now() + 900_000 })
  const parley = createParley({
    url,
    WebSocket: WsWebSocket as unknown as WebSocketClass,
    store,
    ...(fetch && { fetch }),
  })
  test.teardown(parley.close)
  return parley
}

t.test('topics: duplicates are dropped and a hole is filled before anything later is handed on', async (t) => {
  const server = await scriptedServer(t)
  const parley = client(t, server.url)
  const room = parley.socket.subscribe('room')
  const seen: number[] = []
  room.on('event', ({ seq }) => seen.push(seq))

  const first = await server.next()
  t.match(first.frame, { type: 'subscribe', topic: 'room' })
  t.notOk('since' in first.frame, 'the first subscription begins now')
  send(first.socket, { type: 'subscribed', topic: 'room', epoch: 'e1', seq: 5, recovered: true })
  send(first.socket, { type: 'ack', id: first.frame.id })
  t.same(await room.ready, { epoch: 'e1', seq: 5 })
  for (const seq of [5, 6, 6, 9, 10]) send(first.socket, event(seq))

  const second = await server.next()
  t.match(second.frame, { type: 'subscribe', topic: 'room', since: { epoch: 'e1', seq: 6 } }, 'asks from the hole on')
  send(second.socket, { type: 'subscribed', topic: 'room', epoch: 'e1', seq: 10, recovered: true })
  for (const seq of [7, 8, 9, 10, 11]) send(second.socket, event(seq))
  send(second.socket, { type: 'ack', id: second.frame.id })
  await new Promise<void>((resolve) => room.on('event', ({ seq }) => seq === 11 && resolve()))
  t.same(seen, [6, 7, 8, 9, 10, 11])
  t.same(room.position, { epoch: 'e1', seq: 11 })
})

t.test('topics: after a loss each one resumes from where it stood; a lost history is told as reset', async (t) => {
  const server = await scriptedServer(t)
  const parley = client(t, server.url)
  const room = parley.socket.subscribe('room', { since: { epoch: 'e1', seq: 3 } })
  const resets: unknown[] = []
  room.on('reset', (reset) => resets.push(reset))
  const first = await server.next()
  t.match(first.frame, { since: { epoch: 'e1', seq: 3 } })
  send(first.socket, { type: 'subscribed', topic: 'room', epoch: 'e1', seq: 4, recovered: true })
  send(first.socket, event(4))
  first.socket.close(1012, 'restart')

  const second = await server.next()
  t.not(second.socket, first.socket, 'a new connection')
  t.match(second.frame, { since: { epoch: 'e1', seq: 4 } })
  send(second.socket, {
    type: 'subscribed',
    topic: 'room',
    epoch: 'e2',
    seq: 1,
    recovered: false,
    reason: 'epoch_changed',
  })
  const reader = room[Symbol.asyncIterator]()
  send(second.socket, event(2, 'room', 'e2'))
  t.match((await reader.next()).value, { seq: 2, epoch: 'e2' })
  t.same(resets, [{ topic: 'room', position: { epoch: 'e2', seq: 1 } }])
})

t.test('topics: numbered job and graph frames count as events of their topic', async (t) => {
  const server = await scriptedServer(t)
  const parley = client(t, server.url)
  const reader = parley.socket.subscribe('job:1')[Symbol.asyncIterator]()
  const { socket, frame } = await server.next()
  send(socket, { type: 'subscribed', topic: 'job:1', epoch: 'e', seq: 0, recovered: true })
  send(socket, { type: 'ack', id: frame.id })
  send(socket, [
    { type: 'job', topic: 'job:1', id: '1', state: 'active', progress: 0.2 },
    { type: 'job', topic: 'job:1', epoch: 'e', seq: 1, id: '1', state: 'completed', progress: 1 },
  ])
  t.match((await reader.next()).value, { name: 'job.updated', seq: 1, data: { id: '1', state: 'completed' } })
})

t.test('topics: a refusal reaches everybody who follows', async (t) => {
  const server = await scriptedServer(t)
  const parley = client(t, server.url)
  const room = parley.socket.subscribe('secret')
  const again = parley.socket.subscribe('secret')
  const { socket, frame } = await server.next()
  send(socket, { type: 'error', id: frame.id, code: 'NOT_FOUND', message: 'No such topic' })
  await t.rejects(room.ready, { code: 'NOT_FOUND', message: 'No such topic' })
  await t.rejects(again.ready, { code: 'NOT_FOUND' })
  t.equal(server.pending(), 0, 'two followers are one subscription')
})

t.test('commands: what was written offline or not acknowledged goes out again with the same clientId', async (t) => {
  const server = await scriptedServer(t)
  const parley = client(t, server.url)
  const written = parley.socket.chat({ conversationId: 'c', content: 'hello' })
  const first = await server.next()
  first.socket.terminate()
  const late = parley.socket.chat({ conversationId: 'c', content: 'second' })
  const again = await server.next()
  t.equal(again.frame.clientId, first.frame.clientId)
  const next = await server.next()
  t.match(next.frame, { content: 'second' }, 'in the order they were written')
  t.equal(parley.socket.waiting, 2)
  send(again.socket, { type: 'ack', id: again.frame.id, message: { id: 'm1' } })
  send(next.socket, { type: 'error', id: next.frame.id, code: 'RATE_LIMITED', message: 'wait', retryAfter: 0 })
  t.same(await written, { message: { id: 'm1' } })
  const third = await server.next()
  t.equal(third.frame.clientId, next.frame.clientId, 'a throttled message is sent again when it may')
  send(third.socket, { type: 'ack', id: third.frame.id, message: { id: 'm2' } })
  t.match(await late, { message: { id: 'm2' } })
})

t.test('commands: errors, too large frames and close()', async (t) => {
  const server = await scriptedServer(t)
  const parley = client(t, server.url)
  const refused = parley.socket.edit('m', 'text')
  const { socket, frame } = await server.next()
  send(socket, { type: 'error', id: frame.id, code: 'FORBIDDEN', message: 'not yours', retryAfter: 3 })
  await t.rejects(refused, { name: 'ParleyError', code: 'FORBIDDEN', message: 'not yours', retryAfter: 3 })
  await t.rejects(parley.socket.chat({ conversationId: 'c', content: 'x'.repeat(70_000) }), { code: 'FRAME_TOO_LARGE' })
  await t.rejects(parley.socket.command({ type: 'echo' }, { timeoutMs: 1 }), { code: 'TIMEOUT' })
  const open = parley.socket.echo(1)
  parley.close()
  await t.rejects(open, { code: 'CLOSED' })
  t.equal(parley.socket.state, 'closed')
})

t.test('connection: 4401 brings a new token, 4403 never comes back', async (t) => {
  const server = await scriptedServer(t)
  const tokens: unknown[] = []
  server.onAuth((frame) => {
    tokens.push(frame.token)
    const ok = frame.token === 'a2'
    return ok
      ? { type: 'ack', id: frame.id as number }
      : { type: 'error', id: frame.id as number, code: 'TOKEN_EXPIRED', message: 'old' }
  })
  const refresh: typeof fetch = async () => Response.json({ accessToken: 'a2', refreshToken: 'r2', expiresIn: 900 })
  const parley = client(t, server.url, refresh)
  const echo = parley.socket.echo('x')
  const { socket, frame } = await server.next()
  send(socket, { type: 'ack', id: frame.id })
  await echo
  t.same(tokens, ['a1', 'a2'])
  const states: unknown[] = []
  parley.socket.on('state', (state) => states.push(state))
  const pending = parley.socket.echo('y')
  await server.next()
  socket.close(4403, 'banned')
  await t.rejects(pending, { code: 'FORBIDDEN', message: 'banned' })
  t.match(states, [{ state: 'closed', code: 4403 }])
})

t.test('connection: a refused refresh ends the session and everything that waits', async (t) => {
  const server = await scriptedServer(t)
  server.onAuth((frame) => ({ type: 'error', id: frame.id as number, code: 'TOKEN_INVALID', message: 'no' }))
  const problem = { code: 'SESSION_REVOKED', title: 'The session has ended', detail: 'Reused', requestId: 'q' }
  const parley = client(t, server.url, async () => Response.json(problem, { status: 401 }))
  const ended = new Promise((resolve) => parley.session.on('ended', resolve))
  const echo = parley.socket.echo(1)
  await t.rejects(echo, ParleyError)
  t.same(await ended, { reason: 'expired' })
  t.equal(parley.session.current(), null)
  await t.rejects(parley.socket.echo(2), { code: 'NOT_SIGNED_IN' })
})

t.test('ask: pieces in order, lost ones taken from the final message, failures told', async (t) => {
  const server = await scriptedServer(t)
  const parley = client(t, server.url)
  const reply = parley.ask({ conversationId: 'c', content: 'why?' })
  const sub = await server.next()
  t.match(sub.frame, { topic: 'conversation:c' })
  const topic = { type: 'event', topic: 'conversation:c', epoch: 'e' }
  send(sub.socket, { type: 'subscribed', topic: 'conversation:c', epoch: 'e', seq: 0, recovered: true })
  send(sub.socket, { type: 'ack', id: sub.frame.id })
  const { socket, frame } = await server.next()
  const question = { id: 'q', seq: 1, role: 'user', content: 'why?' }
  const answer = { id: 'a', seq: 2, role: 'assistant', replyTo: 'q', content: '', status: 'streaming' }
  send(socket, { ...topic, seq: 1, name: 'message.created', data: question })
  send(socket, { ...topic, seq: 2, name: 'reply.started', data: answer })
  send(socket, { type: 'reply_delta', messageId: 'a', index: 0, text: 'Be' })
  send(socket, { type: 'ack', id: frame.id, message: question, reply: { messageId: 'a', jobId: 'j' } })
  send(socket, { type: 'reply_delta', messageId: 'a', index: 1, text: 'cause' })
  send(socket, { type: 'reply_delta', messageId: 'a', index: 3, text: 'lost before' })
  const final = { ...answer, content: 'Because so.', status: 'complete', citations: [] }
  send(socket, { ...topic, seq: 3, name: 'reply.completed', data: final })
  const pieces: string[] = []
  for await (const piece of reply) pieces.push(piece)
  t.same(pieces, ['Be', 'cause', ' so.'])
  t.match(await reply.done, { id: 'a', content: 'Because so.' })
})

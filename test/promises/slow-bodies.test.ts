import { connect } from 'node:net'
import { setTimeout as pause } from 'node:timers/promises'
import { fastify } from 'fastify'
import fp from 'fastify-plugin'
import t, { type Test } from 'tap'
import bodies, { type BodyTimes } from '../../plugins/bodies.ts'

/** A server with quick time limits and an ordinary, a streamed and a refusing route. */
async function world(t: Test, times: BodyTimes) {
  const app = fastify()
  const logged: string[] = []
  app.addHook('onError', async (_request, _reply, error) => void logged.push(error.message))
  await app.register(fp(async () => {}, { name: 'errors' }))
  await app.register(bodies, times)
  app.addContentTypeParser('application/octet-stream', (_request, _payload, done) => done(null))
  app.post('/ordinary', async () => ({ ok: true }))
  app.post('/streamed', { config: { body: 'streamed' } }, async (request) => {
    let size = 0
    for await (const chunk of request.raw) size += (chunk as Buffer).length
    return { size }
  })
  app.post('/refused', async (_request, reply) => reply.code(413).send({ refused: true }))
  await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(async () => {
    await app.close()
  })
  const { port } = app.server.address() as { port: number }
  /** Sends the head of a request, then pieces of its body with pauses; answers everything received until the connection is closed. */
  async function send(path: string, type: string, length: number, pieces: string[], gapMs: number) {
    const socket = connect(port, '127.0.0.1').on('error', () => {})
    let received = ''
    socket.setEncoding('utf8').on('data', (data) => {
      received += data
    })
    const begun = Date.now()
    const closed = new Promise<{ received: string; ms: number }>((resolve) =>
      socket.on('close', () => resolve({ received, ms: Date.now() - begun })),
    )
    socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\n\r\n`)
    for (const piece of pieces) {
      await pause(gapMs)
      socket.write(piece)
    }
    return { closed, socket, received: () => received }
  }
  return Object.assign(send, { app })
}

t.test('an ordinary body that trickles is ended by its duration', async (t) => {
  const send = await world(t, { bodyMs: 150 })
  const { closed } = await send('/ordinary', 'application/json', 1000, Array(8).fill('['), 30)
  const { received, ms } = await closed
  t.match(received, /^HTTP\/1.1 408 /)
  t.match(received, /connection: close/i)
  t.ok(ms < 9000, `${ms} ms`)
})

t.test('a streamed body may take long while it goes on, and is ended by silence', async (t) => {
  const send = await world(t, { bodyMs: 50, silenceMs: 250 })
  const steady = await send('/streamed', 'application/octet-stream', 10, Array(10).fill('x'), 40)
  while (!steady.received().includes('}')) await pause(5)
  t.match(steady.received(), /^HTTP\/1.1 200 [\s\S]*"size":10/)
  steady.socket.destroy()
  const silent = await (await send('/streamed', 'application/octet-stream', 10, ['x'], 0)).closed
  t.match(silent.received, /^HTTP\/1.1 408 /)
  t.ok(silent.ms >= 200 && silent.ms < 9000, `${silent.ms} ms`)
  const endless = await world(t, { streamMs: 200, silenceMs: 10_000 })
  const cut = await (await endless('/streamed', 'application/octet-stream', 10, ['x', 'x'], 20)).closed
  t.ok(cut.ms < 9000, 'and by the longest time of all')
})

t.test('a body that was refused is read off for a while, then cut off', async (t) => {
  const send = await world(t, { lingerMs: 150 })
  const stubborn = await send('/refused', 'application/octet-stream', 1e9, ['x'.repeat(1000)], 0)
  const { received, ms } = await stubborn.closed
  t.match(received, /^HTTP\/1.1 413 /)
  t.ok(ms >= 100 && ms < 9000, `${ms} ms`)
  const polite = await send('/refused', 'application/octet-stream', 10, ['x'.repeat(5), 'x'.repeat(5)], 20)
  while (!polite.received().includes('refused')) await pause(5)
  polite.socket.write(
    'POST /ordinary HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}',
  )
  while (!polite.received().includes('"ok":true')) await pause(5)
  t.pass('who sends it all may use the connection again')
  polite.socket.destroy()
})

t.test('a server that closes does not wait for a body without end', async (t) => {
  const send = await world(t, { closingMs: 100 })
  const { closed, received } = await send('/streamed', 'application/octet-stream', 100, ['x'.repeat(50)], 20)
  await send.app.close()
  const { ms } = await closed
  t.match(received(), /^HTTP\/1.1 503 /)
  t.ok(ms < 9000, `${ms} ms`)
})

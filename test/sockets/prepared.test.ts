import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import t from 'tap'
import { WebSocket, WebSocketServer } from 'ws'
import { frameOf, senderOf } from '../../src/sockets/prepared.ts'

t.test('a prepared message arrives as if it had been sent, whatever its size', async (t) => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: false })
  t.teardown(() => server.close())
  await once(server, 'listening')
  const client = new WebSocket(`ws://127.0.0.1:${(server.address() as { port: number }).port}`)
  const [[socket]] = (await Promise.all([once(server, 'connection'), once(client, 'open')])) as [[WebSocket], unknown]
  const sender = senderOf(socket)
  if (sender === undefined) throw new Error('this version of ws has no sender where it was')

  for (const size of [0, 1, 125, 126, 65_535, 65_536, 1_000_000]) {
    // Letters of one, two, three and four bytes.
    const text = size < 10 ? 'x'.repeat(size) : `ü€😀${randomBytes(size).toString('hex')}`.slice(0, size - 5)
    t.equal(Buffer.byteLength(text), size)
    const prepared = frameOf(text)
    for (const way of ['prepared', 'sent', 'prepared again']) {
      const arrived = once(client, 'message')
      const told = new Promise<void>((resolve) =>
        way === 'sent' ? socket.send(text, () => resolve()) : sender.sendFrame([prepared], resolve),
      )
      const [data, isBinary] = (await arrived) as [Buffer, boolean]
      await told
      t.equal(data.toString(), text, `${size} bytes, ${way}`)
      t.equal(isBinary, false)
    }
  }
  const many = Array.from({ length: 200 }, (_, index) => frameOf(`${index}: ${'x'.repeat(50_000)}`))
  for (const message of many) sender.sendFrame([message])
  t.ok(socket.bufferedAmount > 0, 'what waits for the reader is counted')
  const order: number[] = []
  await new Promise<void>((resolve) =>
    client.on('message', (data) => {
      order.push(Number.parseInt(String(data), 10))
      if (order.length === many.length) resolve()
    }),
  )
  t.same(
    order,
    many.map((_, index) => index),
  )
  t.equal(senderOf({ send() {} }), undefined, 'what only looks like a socket has none')
  client.terminate()
})

import { createVerifier } from 'fast-jwt'
import { type WebSocket, WebSocketServer } from 'ws'

/**
 * Baseline: ws and a HS256 token in the subprotocol list, one room, JSON frames `{ type, room, content }` that go to
 * the room's members. No persistence, no heartbeat, no back-pressure.
 */
const verify = createVerifier({ key: process.env.JWT_SECRET! })
const rooms = new Map<string, Set<WebSocket>>()

const server = new WebSocketServer({
  port: Number(process.env.PORT),
  host: '127.0.0.1',
  perMessageDeflate: false,
  maxPayload: 65_536,
  handleProtocols: () => 'parley.v1',
  verifyClient: ({ req }, done) => {
    const token = /bearer\.([^,\s]+)/.exec(req.headers['sec-websocket-protocol'] ?? '')?.[1]
    try {
      verify(token ?? '')
      done(true)
    } catch {
      done(false, 401)
    }
  },
})

server.on('connection', (socket) => {
  let joined: string | undefined
  socket.on('message', (data) => {
    const frame: { type: string; room: string; content: string } = JSON.parse(data.toString())
    if (frame.type === 'join') {
      joined = frame.room
      const members = rooms.get(joined) ?? new Set()
      members.add(socket)
      rooms.set(joined, members)
      socket.send('{"type":"joined"}')
      return
    }
    const text = JSON.stringify({ type: 'message', room: frame.room, content: frame.content })
    for (const member of rooms.get(frame.room) ?? []) member.send(text)
  })
  socket.on('close', () => {
    if (joined !== undefined) rooms.get(joined)?.delete(socket)
  })
})

import { createServer } from 'node:http'
import { createVerifier } from 'fast-jwt'
import { Server } from 'socket.io'

/** Baseline: Socket.IO with a HS256 token in its handshake and rooms, over WebSocket only. No persistence. */
const verify = createVerifier({ key: process.env.JWT_SECRET! })
const http = createServer()
const server = new Server(http, { transports: ['websocket'], serveClient: false, perMessageDeflate: false })

server.use((socket, next) => {
  try {
    verify(String(socket.handshake.auth.token))
    next()
  } catch {
    next(new Error('unauthorized'))
  }
})
server.on('connection', (socket) => {
  socket.on('join', (room: string) => {
    void socket.join(room)
    socket.emit('joined')
  })
  socket.on('message', (frame: { room: string; content: string }) => {
    server.to(frame.room).emit('message', frame)
  })
})
http.listen(Number(process.env.PORT), '127.0.0.1')

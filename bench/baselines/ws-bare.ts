import { WebSocketServer } from 'ws'

/** Baseline: ws alone. Whatever one connection sends goes to all. */
const server = new WebSocketServer({ port: Number(process.env.PORT), host: '127.0.0.1', perMessageDeflate: false })
server.on('connection', (socket) => {
  socket.on('message', (data) => {
    const text = data.toString()
    for (const member of server.clients) member.send(text)
  })
})

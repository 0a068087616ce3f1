import { createVerifier } from 'fast-jwt'
import postgres from 'postgres'
import { type WebSocket, WebSocketServer } from 'ws'

/** Baseline: what one writes by hand. ws with a HS256 token, one INSERT for each message, and when that is committed, everybody gets it. */
const verify = createVerifier({ key: process.env.JWT_SECRET! })
const sql = postgres(process.env.DATABASE_URL!, { max: 10 })
await sql`create table messages (
  id uuid primary key default gen_random_uuid(), room text not null, author text not null, content text not null,
  created_at timestamptz not null default now())`
await sql`create index on messages (room, created_at)`
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

async function say(room: string, content: string): Promise<void> {
  const [row] = await sql`
    insert into messages (room, author, content) values (${room}, 'user', ${content}) returning id, room, author, content, created_at`
  const text = JSON.stringify({ type: 'message', ...row })
  for (const member of rooms.get(room) ?? []) member.send(text)
}

server.on('connection', (socket) => {
  socket.on('message', (data) => {
    const frame: { type: string; room: string; content: string } = JSON.parse(data.toString())
    if (frame.type !== 'join') return void say(frame.room, frame.content)
    rooms.set(frame.room, (rooms.get(frame.room) ?? new Set()).add(socket))
    socket.send('{"type":"joined"}')
    socket.on('close', () => rooms.get(frame.room)?.delete(socket))
  })
})

// Two people in one conversation, live. One of them loses the connection, and gets what was written meanwhile when it is back.
//
//   npm start                                  (in another terminal)
//   npx tsx examples/two-people.ts [url]
import { WebSocket } from 'ws'
import { createParley, type Message, type Parley } from '../sdk/index.ts'

const url = process.argv[2] ?? 'http://127.0.0.1:3000'

async function person(name: string): Promise<Parley> {
  const parley = createParley({ url, WebSocket })
  const email = `${name}-${Date.now()}@example.com`.toLowerCase()
  await parley.auth.register({ name, email, password: 'correct horse battery staple' })
  return parley
}

const [ada, grace] = await Promise.all([person('Ada'), person('Grace')])
const { email } = await grace.auth.me()
const { id } = await ada.conversations.create({ title: 'Compilers', assistant: 'off' })
await ada.conversations.addMember(id, { email })

// Grace follows the conversation. The loop ends when she has read the third message.
const room = grace.socket.subscribe(`conversation:${id}`)
await room.ready
const reading = (async () => {
  let read = 0
  for await (const { seq, name, data } of room) {
    if (name !== 'message.created') continue
    console.log(`Grace reads #${seq}: ${(data as Message).content}`)
    read += 1
    if (read === 3) break
  }
})()

await ada.socket.chat({ conversationId: id, content: 'Hello Grace!' })
grace.socket.reconnect() // as if the train had gone into a tunnel
await ada.socket.chat({ conversationId: id, content: 'Are you there?' })
await ada.socket.chat({ conversationId: id, content: 'Nothing of this gets lost.' })
await reading

ada.close()
grace.close()

// Uploads a document, lets it be analysed, and asks about it: the answer streams in, with the lines it rests on.
//
//   npm start                                  (in another terminal)
//   npx tsx examples/ask-a-document.ts [url]
import { WebSocket } from 'ws'
import { createParley } from '../sdk/index.ts'

const url = process.argv[2] ?? 'http://127.0.0.1:3000'
const document = `# Coffee machine

## Descaling
Descale the machine every 200 cups. Use citric acid, never vinegar: vinegar attacks the seals.

## Errors
E4 means that the water tank is empty or not seated. Push it in until it clicks.
`

const parley = createParley({ url, WebSocket })
await parley.auth.register({ email: `reader-${Date.now()}@example.com`, password: 'correct horse battery staple' })

const file = { name: 'coffee-machine.md', data: new Blob([document], { type: 'text/markdown' }) }
const upload = await parley.uploads.create(file)
const { job } = await parley.graph.analyze({ uploadIds: [upload.id], name: 'Manual' })
await parley.jobs.finished(job.id, ({ state, progress }) => console.log(`${state} ${Math.round(progress * 100)} %`))

const { id } = await parley.conversations.create({ title: 'Coffee' })
const reply = parley.ask({ conversationId: id, content: 'Why should I not use vinegar for descaling?' })
for await (const piece of reply) process.stdout.write(piece)
const { citations } = await reply.done
console.log()
for (const { path, startLine, endLine } of citations) console.log(`  from ${path}, lines ${startLine} to ${endLine}`)

parley.close()

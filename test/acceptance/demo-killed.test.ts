import { createServer } from 'node:net'
import t, { type Test } from 'tap'
import { WebSocket } from 'ws'
import { packSources } from '../../scripts/demo/pack.ts'
import { createParley } from '../../sdk/index.ts'
import { dataFolder, projectRoot, type ServerProcess, startServer } from '../helpers/server-process.ts'

const QUESTION = 'How are refresh tokens rotated, and what happens when one is used again?'

const freePort = () =>
  new Promise<string>((resolve) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(String(typeof address === 'object' ? address?.port : 0)))
    })
  })

/** A server on the embedded PostgreSQL that is killed and started again, on the same port and data. */
async function mortalServer(t: Test) {
  const env = { DATA_DIR: dataFolder(t), PORT: await freePort() }
  let server: ServerProcess = await startServer(t, { env }).ready()
  let kills = 0
  return {
    origin: server.origin,
    kills: () => kills,
    async killAndStart() {
      kills += 1
      await server.stop('SIGKILL')
      server = await startServer(t, { env }).ready()
    },
  }
}

t.test('kill -9 at every step of the main job: it goes on, and nothing acknowledged is lost', async (t) => {
  const server = await mortalServer(t)
  const parley = createParley({ url: server.origin, WebSocket })
  t.teardown(() => parley.close())
  const credentials = { email: 'ada@example.org', password: 'correct horse battery staple' }
  await parley.auth.register({ ...credentials, name: 'Ada' })
  parley.socket.open()
  const packed = await packSources(projectRoot)
  const upload = await parley.uploads.create({ name: 'parley.tar.gz', data: packed.data })
  await server.killAndStart()
  t.match(await parley.uploads.get(upload.id), { id: upload.id, size: packed.data.size }, 'the upload is there')

  const { job, source } = await parley.graph.analyze({ uploadIds: [upload.id], name: 'parley' })
  let restarted: Promise<void> | undefined
  const analysed = await parley.jobs.finished(job.id, ({ progress }) => {
    if (progress > 0) restarted ??= server.killAndStart()
  })
  await restarted
  t.equal(server.kills(), 2, 'killed in the middle of the analysis')
  t.match(analysed, { id: job.id, state: 'completed' }, 'the analysis was taken up again')
  const { nodes, edges } = analysed.result as { nodes: number; edges: number }
  t.ok(nodes > 500 && edges > 500, `${nodes} nodes, ${edges} edges`)

  const conversation = await parley.conversations.create({ title: 'Demo' })
  const reply = parley.ask({ conversationId: conversation.id, content: QUESTION })
  for await (const piece of reply) {
    t.ok(piece.length > 0, 'the answer has begun')
    break
  }
  await server.killAndStart()
  const answer = await reply.done
  t.match(answer, { role: 'assistant', status: 'complete' }, 'the answer was finished')
  t.ok(answer.citations.length > 0, 'with its citations')

  const again = createParley({ url: server.origin })
  await again.auth.login(credentials)
  const { items } = await again.conversations.messages(conversation.id)
  t.match(
    items.map(({ role, content }) => ({ role, content })).sort((a, b) => b.role.localeCompare(a.role)),
    [
      { role: 'user', content: QUESTION },
      { role: 'assistant', content: answer.content },
    ],
    'one question and one answer',
  )
  t.equal(items.length, 2)
  t.ok((await again.graph.picture({ sourceId: source.id })).size > 0, 'the picture can be drawn')
})

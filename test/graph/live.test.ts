import t from 'tap'
import type { JobRun } from '../../src/contracts/jobs.ts'
import type { Actor } from '../../src/contracts/policy.ts'
import type { Source } from '../../src/graph/model-sources.ts'
import { person, testApp } from '../helpers/app.ts'
import { openSocket } from '../helpers/socket-client.ts'
import { archiveOf, ended, upload } from './world.ts'

interface Ordered {
  job: { id: string }
  source: Source
}

t.test('sockets hear of revisions; the job is idempotent and checks the rights of now', async (t) => {
  const app = await testApp(t)
  const [ada, mate, eve] = [await person(app, 'ada'), await person(app, 'mate'), await person(app, 'eve')]
  const address = await app.listen({ host: '127.0.0.1', port: 0 })
  const team = (await ada.post('/api/workspaces', { name: 'Team' })).json<{ id: string }>().id
  await ada.post(`/api/workspaces/${team}/members`, { userId: mate.id, role: 'member' })
  const first = await upload(mate, 'code.tgz', archiveOf({ 'a.ts': 'export const a = 1\n' }), team)
  const { job, source } = (await mate.post('/api/analyze', { uploadIds: [first] })).json<Ordered>()
  t.equal((await ended(app, mate, job.id)).state, 'completed')

  const url = `${address.replace('http', 'ws')}/ws`
  const socket = await openSocket(url, { token: ada.token })
  const stranger = await openSocket(url, { token: eve.token })
  t.teardown(() => Promise.all([socket.close(), stranger.close()]))
  const topic = `source:${source.id}`
  t.match(await stranger.ask({ type: 'subscribe', topic }), { type: 'error', code: 'NOT_FOUND' })
  t.match(await socket.ask({ type: 'subscribe', topic }), { type: /ack|subscribed/ })

  const second = await upload(mate, 'code.tgz', archiveOf({ 'a.ts': 'export const b = 2\n' }), team)
  const next = (await mate.post('/api/analyze', { uploadIds: [second], sourceId: source.id })).json<Ordered>()
  t.equal((await ended(app, mate, next.job.id)).state, 'completed')
  const frame = await socket.find((one) => one.type === 'graph_update')
  t.match(frame, {
    topic,
    seq: 2,
    sourceId: source.id,
    revision: 2,
    complete: true,
    counts: { added: 3, removed: 3, changed: 1 },
  })

  const [row] = await app.db.sql<
    { id: string }[]
  >`select id from revisions where source_id = ${source.id} and number = 2`
  const actor: Actor = { userId: mate.id, role: 'user', tier: 'free' }
  const run: JobRun<'source.analyze'> = {
    id: next.job.id,
    name: 'source.analyze',
    data: { sourceId: source.id, revisionId: row?.id as string },
    actor,
    workspaceId: team,
    attempt: 2,
    lastAttempt: false,
    signal: new AbortController().signal,
    progress: () => {},
  }
  t.match(await app.graph.analyze(run), { revision: 2 }, 'a second run answers what the first one did')
  t.match((await ada.get(`/api/sources/${source.id}`)).json(), { revision: 2 })
  t.equal(socket.frames.filter(({ type }) => type === 'graph_update').length, 1)

  await ada.delete(`/api/workspaces/${team}/members/${mate.id}`)
  await t.rejects(app.graph.analyze(run), /No such source/, 'whoever left the workspace analyses nothing any more')
})

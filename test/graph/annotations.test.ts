import t from 'tap'
import type { Annotation } from '../../src/graph/model-annotations.ts'
import type { Source } from '../../src/graph/model-sources.ts'
import { newId } from '../../src/lib/ids.ts'
import { type Person, person, testApp } from '../helpers/app.ts'
import type { Files } from './tree.ts'
import { archiveOf, ended, upload } from './world.ts'

t.test('notes on nodes', async (t) => {
  const app = await testApp(t)
  const [ada, mate, reader, eve] = [
    await person(app, 'ada'),
    await person(app, 'mate'),
    await person(app, 'reader'),
    await person(app, 'eve'),
  ]
  const team = (await ada.post('/api/workspaces', { name: 'Team' })).json<{ id: string }>().id
  await ada.post(`/api/workspaces/${team}/members`, { userId: mate.id, role: 'member' })
  await ada.post(`/api/workspaces/${team}/members`, { userId: reader.id, role: 'viewer' })
  const analyse = async (files: Files, sourceId?: string): Promise<Source> => {
    const uploadId = await upload(ada, 'code.tgz', archiveOf(files), team)
    const body = { uploadIds: [uploadId], ...(sourceId && { sourceId }) }
    const { job, source } = (await ada.post('/api/analyze', body)).json<{ job: { id: string }; source: Source }>()
    t.equal((await ended(app, ada, job.id)).state, 'completed')
    return source
  }
  const ask = async (as: Person, query: string, variables?: object) =>
    (await as.post('/graphql', { query, variables })).json<{ data: never; errors?: object[] }>()
  const A = 'export const a = () => 1\n'
  const source = await analyse({ 'a.ts': A, 'b.ts': 'export const b = 2\n' })
  const { nodes } = (await ada.get(`/api/graph?sourceId=${source.id}&kinds=function`)).json<{
    nodes: { id: string }[]
  }>()
  const nodeId = nodes[0]?.id as string
  const url = `/api/nodes/${nodeId}/annotations`

  const before = await ada.get(`/api/nodes/${nodeId}`)
  t.match(before.json(), { key: 'a.ts#a().', annotations: [] })
  const first = (await mate.post(url, { text: '  Slow: see the issue.  ' })).json<Annotation>()
  t.match(first, { sourceId: source.id, nodeId, authorId: mate.id, text: 'Slow: see the issue.' })
  const made = await ask(
    ada,
    'mutation ($id: ID!) { annotate(nodeId: $id, text: "Mine") { id text authorId nodeId } }',
    {
      id: nodeId,
    },
  )
  t.match(made, { data: { annotate: { text: 'Mine', authorId: ada.id, nodeId } }, errors: undefined })
  const second = (made.data as { annotate: Annotation }).annotate.id

  await t.test('they are seen with the node, and the copy of a client is not stale', async (t) => {
    const answer = await reader.get(`/api/nodes/${nodeId}`, { 'if-none-match': String(before.headers.etag) })
    t.equal(answer.statusCode, 200)
    t.match(answer.json(), { annotations: [{ id: second }, { id: first.id }] })
    const same = await reader.get(`/api/nodes/${nodeId}`, { 'if-none-match': String(answer.headers.etag) })
    t.equal(same.statusCode, 304)
    t.match((await reader.get(`${url}?limit=1`)).json(), { items: [{ id: second }], nextCursor: String })
    const { nextCursor } = (await reader.get(`${url}?limit=1`)).json<{ nextCursor: string }>()
    t.match((await reader.get(`${url}?limit=1&cursor=${nextCursor}`)).json(), { items: [first], nextCursor: null })
    const query = '{ graph { nodes(kinds: [function]) { edges { node { key annotations { text } } } } } }'
    t.match(await ask(reader, query.replace('graph', `graph(sourceId: "${source.id}")`)), {
      data: { graph: { nodes: { edges: [{ node: { annotations: [{ text: 'Mine' }, { text: first.text }] } }] } } },
    })
  })

  await t.test('they stay with the node over revisions, and come back with it', async (t) => {
    await analyse({ 'a.ts': `\n\n${A}`, 'b.ts': 'export const b = 3\n' }, source.id)
    t.match((await ada.get(`/api/nodes/${nodeId}`)).json(), { revision: 2, startLine: 3, annotations: [{}, {}] })
    await analyse({ 'b.ts': 'export const b = 3\n' }, source.id)
    t.equal((await ada.get(url)).statusCode, 404, 'a node that is gone')
    t.equal((await ada.post(url, { text: 'x' })).statusCode, 404)
    await analyse({ 'a.ts': A }, source.id)
    t.match((await ada.get(url)).json(), { items: [{ id: second }, { id: first.id }] })
  })

  await t.test('who may, and what is refused', async (t) => {
    const rows: [name: string, call: () => ReturnType<Person['get']>, status: number][] = [
      ['a viewer notes nothing', () => reader.post(url, { text: 'x' }), 403],
      ['a stranger sees none', () => eve.get(url), 404],
      ['a stranger notes nothing', () => eve.post(url, { text: 'x' }), 404],
      ['blank', () => mate.post(url, { text: '   ' }), 400],
      ['too long', () => mate.post(url, { text: 'x'.repeat(4001) }), 400],
      ['notes of no id', () => ada.get('/api/nodes/x/annotations'), 400],
      ['a note of no id', () => ada.delete('/api/annotations/x'), 400],
      ['no node', () => mate.post(`/api/nodes/${newId()}/annotations`, { text: 'x' }), 404],
      ['a note of another', () => mate.delete(`/api/annotations/${second}`), 403],
      ['as a stranger', () => eve.delete(`/api/annotations/${second}`), 404],
      ['none', () => ada.delete(`/api/annotations/${newId()}`), 404],
      ['as an administrator', () => ada.delete(`/api/annotations/${first.id}`), 204],
      ['twice', () => ada.delete(`/api/annotations/${first.id}`), 404],
    ]
    for (const [name, call, status] of rows) {
      const answer = await call()
      t.equal(answer.statusCode, status, `${name}: ${answer.body}`)
    }
    const drop = `mutation { deleteAnnotation(id: "${second}") }`
    t.match(await ask(mate, drop), { errors: [{ extensions: { code: 'FORBIDDEN' } }] })
    t.match(await ask(ada, 'mutation ($id: ID!) { annotate(nodeId: $id, text: " ") { id } }', { id: nodeId }), {
      errors: [{ extensions: { code: 'VALIDATION_FAILED' } }],
    })
    t.match(await ask(ada, drop), { data: { deleteAnnotation: second } })
    t.strictSame((await ada.get(url)).json(), { items: [], nextCursor: null })
  })

  await t.test('they go with their source', async (t) => {
    await mate.post(url, { text: 'last' })
    t.equal((await ada.delete(`/api/sources/${source.id}`)).statusCode, 204)
    t.equal((await app.db.sql`select id from annotations`).length, 0)
  })
})

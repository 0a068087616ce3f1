import { MultiDirectedGraph } from 'graphology'
import t from 'tap'
import type { GraphEdge, GraphNode, GraphPage, GraphUpdate } from '../../src/graph/model.ts'
import type { Revision, Source } from '../../src/graph/model-sources.ts'
import type { Cycles, GraphPath, Impact } from '../../src/graph/model-walks.ts'
import { newId } from '../../src/lib/ids.ts'
import { caller, type Person, person, testApp } from '../helpers/app.ts'
import type { Files } from './tree.ts'
import { archiveOf, ended, upload } from './world.ts'

const FIRST: Files = {
  'package.json': '{"name":"shop","dependencies":{"fastify":"5"}}',
  'README.md': '# Shop\n\nSee `createCart()` and [the cart](src/cart.ts).\n',
  'src/cart.ts': `import { price } from './price.js'\nimport fastify from 'fastify'\n/** Makes a cart. */\nexport function createCart() {\n  return price(1)\n}\nexport const app = fastify()\n`,
  'src/price.ts': `import { createCart } from './cart.js'\nexport const price = (n: number) => n\nexport const again = () => createCart()\n`,
  'src/broken.ts': 'const = {{{',
  'logo.png': Buffer.from([137, 80, 78, 71, 0, 0]),
  'node_modules/dep/index.js': 'x',
}
const SECOND: Files = {
  ...FIRST,
  'src/price.ts': 'export const price = (n: number) => n * 2\n',
  'src/new.ts': `import { createCart } from './cart.js'\ncreateCart()\n`,
}

interface Row {
  name: string
  as: Pick<Person, 'get' | 'post' | 'delete'>
  call: (as: Row['as']) => ReturnType<Person['get']>
  status: number
  code?: string
}

t.test('from upload to graph, page, picture and export', async (t) => {
  const app = await testApp(t)
  const [ada, eve] = [await person(app, 'ada'), await person(app, 'eve')]
  const updates: unknown[] = []
  app.events.on('graph.updated', ({ topic, data }) => updates.push({ topic, data }))
  const uploadId = await upload(ada, 'shop.tar.gz', archiveOf(FIRST))

  const ordered = await ada.post('/api/analyze', { uploadIds: [uploadId] })
  t.equal(ordered.statusCode, 202, ordered.body)
  const { job, source } = ordered.json<{ job: { id: string; name: string; state: string }; source: Source }>()
  t.match(job, { name: 'source.analyze' })
  t.match(source, { name: 'shop', revision: 0 })
  const done = await ended(app, ada, job.id)
  t.match(
    done,
    { state: 'completed', progress: 1, result: { revision: 1, sourceId: source.id, notes: 2 } },
    JSON.stringify(done),
  )

  const page = await ada.get(`/api/graph?sourceId=${source.id}`)
  t.equal(page.statusCode, 200, page.body)
  const graph = page.json<GraphPage>()
  t.match(graph, { sourceId: source.id, revision: 1, nextCursor: null })
  t.strictSame(graph.counts, { nodes: graph.nodes.length, edges: graph.edges.length })
  const byKey = new Map(graph.nodes.map((node) => [node.key, node]))
  const cart = byKey.get('src/cart.ts#createCart().') as GraphNode
  t.match(cart, {
    kind: 'function',
    path: 'src/cart.ts',
    startLine: 4,
    endLine: 6,
    doc: 'Makes a cart.',
    exported: true,
  })
  t.match(byKey.get('src/broken.ts')?.notes, [{ code: /unparsable|syntax-error/ }])
  t.match(byKey.get('logo.png')?.notes, [{ code: 'binary' }])
  t.notOk(byKey.get('node_modules/dep/index.js'))
  const price = byKey.get('src/price.ts#price().') as GraphNode
  t.match(
    graph.edges.find((edge) => edge.from === cart.id && edge.to === price.id),
    {
      kind: 'calls',
      resolution: 'exact',
      typeOnly: false,
      dynamic: false,
      startLine: 5,
    },
  )
  t.match(updates, [
    {
      topic: `source:${source.id}`,
      data: {
        sourceId: source.id,
        revision: 1,
        counts: { added: graph.nodes.length + graph.edges.length, removed: 0, changed: 0 },
        complete: true,
      },
    },
  ])
  const order = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)
  const [{ data: update }] = updates as [{ data: GraphUpdate }]
  const { added } = update
  t.strictSame([...added.nodes].sort(order), [...graph.nodes].sort(order), 'the update holds what is new')
  t.strictSame([...added.edges].sort(order), [...graph.edges].sort(order))

  t.test('pages join into the same graph', async (t) => {
    const nodes: GraphNode[] = []
    const edges: GraphEdge[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const next: GraphPage = (await ada.get(`/api/graph?limit=3${cursor && `&cursor=${cursor}`}`)).json()
      nodes.push(...next.nodes)
      edges.push(...next.edges)
      cursor = next.nextCursor
    }
    t.strictSame(nodes, graph.nodes)
    t.strictSame(edges.sort(order), graph.edges.sort(order))
  })

  t.test('filters', async (t) => {
    const keysOf = async (query: string) =>
      (await ada.get(`/api/graph?${query}`)).json<GraphPage>().nodes.map(({ key }) => key)
    t.strictSame(await keysOf('kinds=function'), [
      'src/cart.ts#createCart().',
      'src/price.ts#again().',
      'src/price.ts#price().',
    ])
    t.strictSame(await keysOf('q=CREATEcart'), ['src/cart.ts#createCart().'])
    t.strictSame(await keysOf('q=%25'), [], 'wildcards are text')
    t.strictSame(await keysOf('path=src/price.ts'), ['src/price.ts', 'src/price.ts#again().', 'src/price.ts#price().'])
    t.equal((await keysOf('path=src/&kinds=file')).length, 3)
    const calls = (await ada.get('/api/graph?kinds=function,file&edgeKinds=calls')).json<GraphPage>()
    t.strictSame(
      calls.edges.map(({ kind }) => kind),
      ['calls', 'calls'],
    )
  })

  t.test('nodes and neighbours', async (t) => {
    const node = await ada.get(`/api/nodes/${cart.id}`)
    t.match(node.json(), { ...cart, sourceId: source.id, revision: 1, inDegree: 4, outDegree: 1 })
    const around = (await ada.get(`/api/nodes/${cart.id}/neighbors?direction=out`)).json<{ nodes: GraphNode[] }>()
    t.strictSame(
      around.nodes.map(({ key }) => key),
      ['src/cart.ts#createCart().', 'src/price.ts#price().'],
    )
    const far = (await ada.get(`/api/nodes/${cart.id}/neighbors?depth=3&limit=4`)).json<{
      nodes: GraphNode[]
      truncated: boolean
    }>()
    t.match(far, { truncated: true })
    t.equal(far.nodes.length, 5)
  })

  t.test('impact, path and cycles', async (t) => {
    const impact = (await ada.get(`/api/nodes/${price.id}/impact`)).json<Impact>()
    const steps = impact.items.map(({ depth, node }) => `${depth} ${node.key}`)
    t.ok(steps.includes('1 src/cart.ts#createCart().') && steps.includes('2 src/price.ts#again().'), steps.join())
    const cut = (await ada.get(`/api/nodes/${price.id}/impact?limit=1`)).json<Impact>()
    t.match(cut, { truncated: true, items: [{ depth: 1 }] })
    const again = byKey.get('src/price.ts#again().') as GraphNode
    const way = (await ada.get(`/api/graph/path?from=${again.id}&to=${price.id}`)).json<GraphPath>()
    t.strictSame(
      way.nodes.map(({ key }) => key),
      [again.key, cart.key, price.key],
    )
    t.strictSame(
      way.edges.map(({ kind }) => kind),
      ['calls', 'calls'],
    )
    const none = (await ada.get(`/api/graph/path?from=${price.id}&to=${again.id}`)).json<GraphPath>()
    t.match(none, { found: false, nodes: [] })
    const cycles = (await ada.get(`/api/graph/cycles?sourceId=${source.id}`)).json<Cycles>()
    t.strictSame(
      cycles.items.map(({ nodes }) => nodes.map(({ key }) => key)),
      [['src/cart.ts', 'src/price.ts']],
    )
    t.equal(cycles.items[0]?.edges.length, 2)
  })

  t.test('export and picture', async (t) => {
    const json = await ada.get(`/api/export?sourceId=${source.id}`)
    t.match(json.headers['content-type'], /^application\/json/)
    t.match(json.headers['content-disposition'], /attachment; filename="shop-r1.json"/)
    const exported = json.json<{ attributes: object; nodes: { key: string }[]; edges: { source: string }[] }>()
    t.equal(exported.nodes.length, graph.nodes.length)
    t.equal(exported.edges.length, graph.edges.length)
    t.equal(MultiDirectedGraph.from(exported as never).size, graph.edges.length, 'graphology reads it')
    const dot = await ada.get('/api/export?format=dot')
    t.match(
      dot.body,
      /^digraph "shop" \{\n[\s\S]*"[0-9a-f-]{36}" -> "[0-9a-f-]{36}" \[label="imports", style=solid\];\n[\s\S]*\}\n$/,
    )
    const svg = await ada.get('/api/graph/picture.svg')
    t.match(svg.headers['content-type'], /^image\/svg\+xml/)
    t.match(svg.body, /<svg[\s\S]*cart\.ts[\s\S]*<\/svg>/)
    t.match(svg.body, /1 cycle/)
    const cached = await ada.get('/api/graph/picture.svg', { 'if-none-match': svg.headers.etag as string })
    t.equal(cached.statusCode, 304)
  })

  t.test('the next revision keeps what did not change, and the first can still be asked', async (t) => {
    const next = await upload(ada, 'later.tar.gz', archiveOf(SECOND))
    const again = await ada.post('/api/analyze', { uploadIds: [next], sourceId: source.id })
    t.match((await ended(app, ada, again.json<{ job: { id: string } }>().job.id)).state, 'completed')
    const now = (await ada.get('/api/graph')).json<GraphPage>()
    t.equal(now.revision, 2)
    t.ok(now.nodes.find(({ key }) => key === 'src/new.ts'))
    t.notOk(now.nodes.find(({ key }) => key === 'src/price.ts#again().'))
    t.equal(now.nodes.find(({ key }) => key === cart.key)?.id, cart.id, 'ids stay')
    const before = (await ada.get('/api/graph?revision=1')).json<GraphPage>()
    t.strictSame(before.nodes, graph.nodes)
    const clean = await ada.post('/api/analyze', { uploadIds: [next], name: 'clean' })
    t.equal((await ended(app, ada, clean.json<{ job: { id: string } }>().job.id)).state, 'completed')
    const plain = (page: GraphPage) =>
      page.nodes.map(({ id: _id, ...rest }) => rest).filter(({ kind }) => kind !== 'source')
    t.strictSame(plain((await ada.get('/api/graph')).json()), plain(now), 'as a clean analysis has it')
    const { items } = (await ada.get(`/api/sources/${source.id}/revisions`)).json<{ items: Revision[] }>()
    t.match(items, [{ revision: 2, state: 'completed', uploadIds: [next] }, { revision: 1 }])
    t.ok((items[0]?.added ?? 0) > 0 && (items[0]?.removed ?? 0) > 0 && (items[0]?.changed ?? 0) > 0)
    const rows = await app.db.sql`
      select array_agg(distinct upload_id) as uploads from source_files where source_id = ${source.id}`
    t.strictSame(rows[0]?.uploads, [next], 'passages quote the newest upload')
  })

  t.test('an archive that cannot be unpacked fails its job and its revision', async (t) => {
    const broken = await upload(ada, 'broken.tar.gz', archiveOf(FIRST).subarray(0, 200))
    const { job, source } = (await ada.post('/api/analyze', { uploadIds: [broken] })).json<{
      job: { id: string }
      source: Source
    }>()
    t.match(await ended(app, ada, job.id), { state: 'failed', error: { code: 'ARCHIVE_REFUSED' } })
    const { items } = (await ada.get(`/api/sources/${source.id}/revisions`)).json<{ items: Revision[] }>()
    t.match(items, [{ state: 'failed', revision: null, error: String }])
    t.match((await ada.get(`/api/graph?sourceId=${source.id}`)).json(), { revision: 0, nodes: [], edges: [] })
  })

  t.test('who may what', async (t) => {
    const nobody = caller(app)
    const team = (await ada.post('/api/workspaces', { name: 'Team' })).json<{ id: string }>().id
    const viewer = await person(app, 'viewer')
    await ada.post(`/api/workspaces/${team}/members`, { userId: viewer.id, role: 'viewer' })
    const shared = await upload(ada, 'a.ts', 'export const a = 1\n', team)
    const owned = (await ada.post('/api/analyze', { uploadIds: [shared] })).json<{
      job: { id: string }
      source: Source
    }>()
    t.equal((await ended(app, ada, owned.job.id)).state, 'completed')
    const sharedUrl = `/api/sources/${owned.source.id}`
    const id = newId()
    const rows: Row[] = [
      { name: 'analyse nothing', as: ada, call: (as) => as.post('/api/analyze', { uploadIds: [] }), status: 400 },
      {
        name: 'analyse what is no id',
        as: ada,
        call: (as) => as.post('/api/analyze', { uploadIds: ['x'] }),
        status: 400,
      },
      {
        name: 'analyse as nobody',
        as: nobody,
        call: (as) => as.post('/api/analyze', { uploadIds: [uploadId] }),
        status: 401,
      },
      {
        name: 'analyse a foreign upload',
        as: eve,
        call: (as) => as.post('/api/analyze', { uploadIds: [uploadId] }),
        status: 404,
      },
      {
        name: 'analyse what is not there',
        as: ada,
        call: (as) => as.post('/api/analyze', { uploadIds: [id] }),
        status: 404,
      },
      {
        name: 'analyse into a foreign source',
        as: eve,
        call: (as) => as.post('/api/analyze', { uploadIds: [uploadId], sourceId: source.id }),
        status: 404,
      },
      {
        name: 'analyse as a viewer',
        as: viewer,
        call: (as) => as.post('/api/analyze', { uploadIds: [shared] }),
        status: 403,
        code: 'FORBIDDEN',
      },
      {
        name: 'uploads of two workspaces',
        as: ada,
        call: (as) => as.post('/api/analyze', { uploadIds: [uploadId, shared] }),
        status: 422,
      },
      { name: 'sources', as: ada, call: (as) => as.get('/api/sources'), status: 200 },
      { name: 'sources of a team', as: viewer, call: (as) => as.get(`/api/sources?workspaceId=${team}`), status: 200 },
      {
        name: 'sources of a foreign workspace',
        as: eve,
        call: (as) => as.get(`/api/sources?workspaceId=${team}`),
        status: 404,
      },
      {
        name: 'sources with a bad cursor',
        as: ada,
        call: (as) => as.get('/api/sources?cursor=x'),
        status: 400,
        code: 'INVALID_CURSOR',
      },
      { name: 'sources as nobody', as: nobody, call: (as) => as.get('/api/sources'), status: 401 },
      { name: 'a source', as: viewer, call: (as) => as.get(sharedUrl), status: 200 },
      { name: 'a foreign source', as: eve, call: (as) => as.get(sharedUrl), status: 404 },
      { name: 'a source as nobody', as: nobody, call: (as) => as.get(sharedUrl), status: 401 },
      { name: 'no id of a source', as: ada, call: (as) => as.get('/api/sources/x'), status: 400 },
      { name: 'revisions of a foreign source', as: eve, call: (as) => as.get(`${sharedUrl}/revisions`), status: 404 },
      {
        name: 'revisions with a bad cursor',
        as: ada,
        call: (as) => as.get(`${sharedUrl}/revisions?cursor=x`),
        status: 400,
      },
      { name: 'revisions as nobody', as: nobody, call: (as) => as.get(`${sharedUrl}/revisions`), status: 401 },
      { name: 'a revision', as: viewer, call: (as) => as.get(`${sharedUrl}/revisions/1`), status: 200 },
      { name: 'a revision to come', as: ada, call: (as) => as.get(`${sharedUrl}/revisions/9`), status: 404 },
      { name: 'a revision that is no number', as: ada, call: (as) => as.get(`${sharedUrl}/revisions/x`), status: 400 },
      { name: 'a revision as nobody', as: nobody, call: (as) => as.get(`${sharedUrl}/revisions/1`), status: 401 },
      { name: 'a foreign graph', as: eve, call: (as) => as.get(`/api/graph?sourceId=${source.id}`), status: 404 },
      { name: 'a graph of none', as: eve, call: (as) => as.get('/api/graph'), status: 404 },
      { name: 'a graph of an unknown kind', as: ada, call: (as) => as.get('/api/graph?kinds=soup'), status: 400 },
      {
        name: 'a graph with a bad cursor',
        as: ada,
        call: (as) => as.get('/api/graph?cursor=x'),
        status: 400,
        code: 'INVALID_CURSOR',
      },
      {
        name: 'a graph of a revision to come',
        as: ada,
        call: (as) => as.get(`/api/graph?sourceId=${source.id}&revision=99`),
        status: 404,
      },
      { name: 'a graph as nobody', as: nobody, call: (as) => as.get('/api/graph'), status: 401 },
      { name: 'a foreign node', as: eve, call: (as) => as.get(`/api/nodes/${cart.id}`), status: 404 },
      { name: 'no node', as: ada, call: (as) => as.get(`/api/nodes/${id}`), status: 404 },
      { name: 'no id of a node', as: ada, call: (as) => as.get('/api/nodes/x'), status: 400 },
      { name: 'a node as nobody', as: nobody, call: (as) => as.get(`/api/nodes/${cart.id}`), status: 401 },
      { name: 'foreign neighbours', as: eve, call: (as) => as.get(`/api/nodes/${cart.id}/neighbors`), status: 404 },
      {
        name: 'neighbours too far',
        as: ada,
        call: (as) => as.get(`/api/nodes/${cart.id}/neighbors?depth=99`),
        status: 400,
      },
      {
        name: 'neighbours as nobody',
        as: nobody,
        call: (as) => as.get(`/api/nodes/${cart.id}/neighbors`),
        status: 401,
      },
      { name: 'foreign impact', as: eve, call: (as) => as.get(`/api/nodes/${cart.id}/impact`), status: 404 },
      { name: 'impact of what is no id', as: ada, call: (as) => as.get('/api/nodes/x/impact'), status: 400 },
      { name: 'impact as nobody', as: nobody, call: (as) => as.get(`/api/nodes/${cart.id}/impact`), status: 401 },
      {
        name: 'a foreign path',
        as: eve,
        call: (as) => as.get(`/api/graph/path?from=${cart.id}&to=${price.id}`),
        status: 404,
      },
      { name: 'a path to nowhere', as: ada, call: (as) => as.get('/api/graph/path'), status: 400 },
      {
        name: 'a path as nobody',
        as: nobody,
        call: (as) => as.get(`/api/graph/path?from=${cart.id}&to=${price.id}`),
        status: 401,
      },
      { name: 'foreign cycles', as: eve, call: (as) => as.get(`/api/graph/cycles?sourceId=${source.id}`), status: 404 },
      { name: 'cycles of what is no id', as: ada, call: (as) => as.get('/api/graph/cycles?sourceId=x'), status: 400 },
      { name: 'cycles as nobody', as: nobody, call: (as) => as.get('/api/graph/cycles'), status: 401 },
      { name: 'a foreign export', as: eve, call: (as) => as.get(`/api/export?sourceId=${source.id}`), status: 404 },
      {
        name: 'an export to a format that is none',
        as: ada,
        call: (as) => as.get('/api/export?format=exe'),
        status: 400,
      },
      { name: 'an export as nobody', as: nobody, call: (as) => as.get('/api/export'), status: 401 },
      {
        name: 'a foreign picture',
        as: eve,
        call: (as) => as.get(`/api/graph/picture.svg?sourceId=${source.id}`),
        status: 404,
      },
      {
        name: 'a picture of what is no id',
        as: ada,
        call: (as) => as.get('/api/graph/picture.svg?sourceId=x'),
        status: 400,
      },
      { name: 'a picture as nobody', as: nobody, call: (as) => as.get('/api/graph/picture.svg'), status: 401 },
      { name: 'delete as a viewer', as: viewer, call: (as) => as.delete(sharedUrl), status: 403 },
      { name: 'delete a foreign source', as: eve, call: (as) => as.delete(sharedUrl), status: 404 },
      { name: 'delete as nobody', as: nobody, call: (as) => as.delete(sharedUrl), status: 401 },
      { name: 'delete what is no id', as: ada, call: (as) => as.delete('/api/sources/x'), status: 400 },
      { name: 'delete a stale one', as: ada, call: (as) => as.delete(sharedUrl, { 'if-match': '"0-0"' }), status: 412 },
      { name: 'delete', as: ada, call: (as) => as.delete(sharedUrl), status: 204 },
      { name: 'delete again', as: ada, call: (as) => as.delete(sharedUrl), status: 404 },
    ]
    for (const { name, as, call, status, code } of rows) {
      const answer = await call(as)
      t.equal(answer.statusCode, status, `${name}: ${answer.body.slice(0, 300)}`)
      if (code) t.equal(answer.json<{ code: string }>().code, code, name)
    }
  })
})

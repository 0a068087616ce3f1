import t from 'tap'
import type { GraphPage } from '../../src/graph/model.ts'
import type {
  Communities,
  GraphDiff,
  GraphSearch,
  Ranking,
  Unresolved,
  Unused,
} from '../../src/graph/model-insights.ts'
import type { Source } from '../../src/graph/model-sources.ts'
import { newId } from '../../src/lib/ids.ts'
import { caller, person, testApp } from '../helpers/app.ts'
import type { Files } from './tree.ts'
import { archiveOf, ended, upload } from './world.ts'

const FIRST: Files = {
  'src/core.ts': 'export const core = () => 1\nconst forgotten = () => 2\nexport const spare = () => 3\n',
  'src/a.ts': `import { core } from './core.js'\nexport const a = () => core()\n`,
  'src/b.ts': `import { core } from './core.js'\nimport { missing } from './core.js'\nimport './nowhere.js'\nexport const b = () => core() + missing()\n`,
  'other/x.ts': `import { y } from './y.js'\nexport const x = () => y()\n`,
  'other/y.ts': `import { x } from './x.js'\nexport const y = () => x()\n`,
  'README.md': '# Shop\n\nThe invoice is printed on paper.\n',
}
const SECOND: Files = { ...FIRST, 'src/a.ts': 'export const a = () => 0\n', 'src/new.ts': 'export const fresh = 1\n' }

const byId = (a: { id: string }, b: { id: string }) => (a.id < b.id ? -1 : 1)

t.test('questions about a whole graph', async (t) => {
  const app = await testApp(t)
  const [ada, eve] = [await person(app, 'ada'), await person(app, 'eve')]
  const analyze = async (files: Files, sourceId?: string): Promise<Source> => {
    const id = await upload(ada, 'shop.tgz', archiveOf(files))
    const answer = await ada.post('/api/analyze', { uploadIds: [id], ...(sourceId && { sourceId }) })
    const { job, source } = answer.json<{ job: { id: string }; source: Source }>()
    t.match(await ended(app, ada, job.id), { state: 'completed' })
    return source
  }
  const { id: sourceId } = await analyze(FIRST)
  const ask = async <T>(path: string): Promise<T> => {
    const answer = await ada.get(`/api/graph/${path}${path.includes('?') ? '&' : '?'}sourceId=${sourceId}`)
    t.equal(answer.statusCode, 200, answer.body)
    return answer.json<T>()
  }

  const rank = await ask<Ranking>('rank?kinds=function,file')
  const rankOf = (key: string) => rank.items.find(({ node }) => node.key === key)?.rank ?? 0
  t.ok(rankOf('src/core.ts#core().') > 2 * rankOf('src/a.ts#a().'), 'what much depends on comes first')
  const ranks = rank.items.map((item) => item.rank)
  t.strictSame(
    ranks,
    [...ranks].sort((a, b) => b - a),
  )
  t.ok(ranks.reduce((sum, one) => sum + one, 0) <= 1.000001)
  const firstTwo = await ask<Ranking>('rank?kinds=function,file&limit=2')
  const nextTwo = await ask<Ranking>(`rank?kinds=function,file&limit=2&cursor=${firstTwo.nextCursor}`)
  t.strictSame([...firstTwo.items, ...nextTwo.items], rank.items.slice(0, 4), 'pages join')

  const { items: groups, modularity, total } = await ask<Communities>('communities')
  t.ok(modularity > 0 && total === groups.length)
  const groupOf = (key: string) => groups.find(({ nodes }) => nodes.some((node) => node.key === key))?.number
  t.equal(groupOf('other/x.ts'), groupOf('other/y.ts'))
  t.not(groupOf('other/x.ts'), groupOf('src/core.ts'))
  const loads = app.cache.stats().loads
  t.strictSame((await ask<Communities>('communities')).items, groups, 'the same graph has the same communities')
  t.equal(app.cache.stats().loads, loads, 'worked out once for a revision')

  const found = async (q: string) => (await ask<GraphSearch>(`search?q=${q}`)).items.map(({ node }) => node.key)
  t.equal((await found('core'))[0]?.startsWith('src/core.ts'), true)
  t.equal((await found('forgoten'))[0], 'src/core.ts#forgotten().', 'a slip of the pen is forgiven')
  t.equal((await found('printed%20invoices'))[0], 'README.md#shop', 'by what the text says')
  t.strictSame(await found('%25%25%25'), [], 'wildcards are text')

  const loose = await ask<Unresolved>('unresolved')
  t.strictSame(
    loose.items.map(({ node }) => node.key),
    ['unresolved:src/core.ts#missing', 'unresolved:src/nowhere.js'],
  )
  t.ok((loose.items[0]?.uses ?? 0) >= 1)

  const dead = (await ask<Unused>('unused')).items.map(({ key }) => key)
  t.strictSame(dead, ['src/core.ts#forgotten().'])
  const all = (await ask<Unused>('unused?exported=true')).items.map(({ key }) => key)
  t.ok(all.includes('src/core.ts#spare().') || all.includes('src/core.ts#forgotten().'))

  const before = (await ada.get(`/api/graph?limit=1000&sourceId=${sourceId}`)).json<GraphPage>()
  await analyze(SECOND, sourceId)
  const after = (await ada.get(`/api/graph?limit=1000&sourceId=${sourceId}`)).json<GraphPage>()
  const copy = {
    nodes: new Map(before.nodes.map((n) => [n.id, n])),
    edges: new Map(before.edges.map((e) => [e.id, e])),
  }
  let cursor: string | null = ''
  let pages = 0
  while (cursor !== null) {
    const page: GraphDiff = await ask<GraphDiff>(`diff?from=1&to=2&limit=3${cursor && `&cursor=${cursor}`}`)
    for (const id of page.removed.nodes) copy.nodes.delete(id)
    for (const id of page.removed.edges) copy.edges.delete(id)
    for (const node of [...page.added.nodes, ...page.changed.nodes]) copy.nodes.set(node.id, node)
    for (const edge of [...page.added.edges, ...page.changed.edges]) copy.edges.set(edge.id, edge)
    cursor = page.nextCursor
    pages++
  }
  t.ok(pages > 1)
  t.strictSame(
    [...copy.nodes.values()].sort(byId),
    [...after.nodes].sort(byId),
    'applied to the old graph it gives the new one',
  )
  t.strictSame([...copy.edges.values()].sort(byId), [...after.edges].sort(byId))

  const first = await ada.get(`/api/graph/rank?sourceId=${sourceId}`)
  const again = await ada.get(`/api/graph/rank?sourceId=${sourceId}`, { 'if-none-match': first.headers.etag as string })
  t.equal(again.statusCode, 304)

  const nobody = caller(app)
  for (const path of ['rank', 'communities', 'search?q=x', 'unresolved', 'unused', 'diff?from=1']) {
    const url = `/api/graph/${path}${path.includes('?') ? '&' : '?'}sourceId=`
    t.equal((await nobody.get(url + sourceId)).statusCode, 401, path)
    t.equal((await eve.get(url + sourceId)).statusCode, 404, `${path} of a foreign source`)
    t.equal((await ada.get(url + newId())).statusCode, 404, `${path} of no source`)
    t.equal((await ada.get(`${url}x`)).statusCode, 400, `${path} of what is no id`)
  }
  t.equal((await ada.get(`/api/graph/diff?from=9&sourceId=${sourceId}`)).statusCode, 404)
  t.equal((await ada.get(`/api/graph/diff?from=2&to=1&sourceId=${sourceId}`)).statusCode, 422)
  for (const path of ['rank', 'unresolved', 'unused', 'diff?from=1']) {
    const url = `/api/graph/${path}${path.includes('?') ? '&' : '?'}sourceId=${sourceId}&cursor=x`
    t.match((await ada.get(url)).json(), { status: 400, code: 'INVALID_CURSOR' }, path)
  }

  t.equal((await ada.delete(`/api/sources/${sourceId}`)).statusCode, 204)
  for (const table of ['graph_nodes', 'graph_edges', 'passages', 'source_files']) {
    const [row] = await app.db.sql`select count(*)::int as n from ${app.db.sql(table)} where source_id = ${sourceId}`
    t.equal(row?.n, 0, `${table} of a deleted source are gone`)
  }
})

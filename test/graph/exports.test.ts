import { parse as parseCsv } from 'csv-parse/sync'
import fc from 'fast-check'
import { DirectedGraph, MultiDirectedGraph } from 'graphology'
import gexf from 'graphology-gexf'
import graphml from 'graphology-graphml'
import pagerankModule from 'graphology-metrics/centrality/pagerank.js'
import t from 'tap'
import { fromDot } from 'ts-graphviz'
import { exportCsvEdges, exportCsvNodes, field } from '../../src/graph/export/csv.ts'
import { exportCypher } from '../../src/graph/export/cypher.ts'
import { exportDot } from '../../src/graph/export/dot.ts'
import { exportGexf } from '../../src/graph/export/gexf.ts'
import { exportGraphml } from '../../src/graph/export/graphml.ts'
import type { ExportInput } from '../../src/graph/export/input.ts'
import { exportJson } from '../../src/graph/export/json.ts'
import { exportJsonGraph } from '../../src/graph/export/json-graph.ts'
import { exportMermaid } from '../../src/graph/export/mermaid.ts'
import { pageRank } from '../../src/graph/metrics/page-rank.ts'
import type { GraphEdge, GraphNode } from '../../src/graph/model.ts'
import type { Source } from '../../src/graph/model-sources.ts'

/** The default export of a CommonJS module, as TypeScript's `nodenext` sees it. */
const pagerank = pagerankModule as unknown as typeof pagerankModule.default

const uuid = (n: number) => `01930000-0000-7000-8000-${String(n).padStart(12, '0')}`
const NAMES = [
  'plain',
  '"quoted" <tag> & \'single\'',
  '=SUM(A1:A9)',
  '+1',
  '@cmd',
  "'already",
  'two\nlines\tand a tab',
  'back\\slash',
  'ümläut 漢字 🎈',
  '}]);--',
  ' padded ',
  'a,b;c|d#e',
]
const NODES: GraphNode[] = NAMES.map((name, at) => ({
  id: uuid(at),
  key: `src/${at}.ts#${name}`,
  kind: at % 2 === 0 ? 'function' : 'class',
  name,
  path: `src/${at}.ts`,
  startLine: at + 1,
  endLine: at + 2,
  exported: at % 3 === 0,
  ...(at === 1 ? { doc: 'Says "a < b && c"\nover two lines', notes: [{ code: 'minified', detail: 'x' }] } : {}),
}))
const EDGES: GraphEdge[] = NAMES.map((name, at) => ({
  id: uuid(100 + at),
  kind: at % 2 === 0 ? 'calls' : 'references',
  from: uuid(at),
  to: uuid((at * 5 + 1) % NAMES.length),
  resolution: (['exact', 'inferred', 'unresolved'] as const)[at % 3] as GraphEdge['resolution'],
  typeOnly: at % 2 === 1,
  dynamic: false,
  count: at + 1,
  ...(at % 4 === 0 ? { name } : {}),
}))
const source = { id: uuid(999), name: 'a "source" & <more>' } as Source

async function* batches<T>(items: T[]): AsyncGenerator<T[]> {
  for (let at = 0; at < items.length; at += 5) yield items.slice(at, at + 5)
}
const input = (): ExportInput => ({ source, revision: 3, nodes: batches(NODES), edges: batches(EDGES) })
async function text(write: (input: ExportInput) => AsyncIterable<string>): Promise<string> {
  let all = ''
  for await (const piece of write(input())) all += piece
  return all
}

/** Nodes and edges as flat attributes, the way formats of plain attributes hold them. */
const flat = (record: object, omit: string[]) =>
  Object.fromEntries(
    Object.entries(record)
      .filter(([name, value]) => value !== undefined && !omit.includes(name))
      .map(([name, value]) => [name, typeof value === 'object' ? JSON.stringify(value) : value]),
  )
const wanted = () => {
  const graph = new MultiDirectedGraph()
  for (const { key, ...node } of NODES) graph.addNode(node.id, { nodeKey: key, ...flat(node, ['id']) })
  for (const edge of EDGES) graph.addEdgeWithKey(edge.id, edge.from, edge.to, flat(edge, ['id', 'from', 'to']))
  return graph
}
/** What two isomorphic graphs with the same keys have in common: everything. */
const shape = (graph: { export(): { nodes: object[]; edges: object[] } }, omit: string[] = []) => {
  const { nodes, edges } = graph.export() as { nodes: Item[]; edges: Item[] }
  const item = ({ key, source, target, attributes }: Item) => ({
    key,
    source,
    target,
    attributes: flat(attributes ?? {}, omit),
  })
  const byKey = (a: { key: string }, b: { key: string }) => (a.key < b.key ? -1 : 1)
  return JSON.stringify([nodes.map(item).sort(byKey), edges.map(item).sort(byKey)], (_key, value: unknown) =>
    value && typeof value === 'object' && !Array.isArray(value)
      ? Object.fromEntries(Object.entries(value).sort())
      : value,
  )
}
interface Item {
  key: string
  source?: string
  target?: string
  attributes?: object
}

t.test('what goes out by a format comes in again as the same graph', async (t) => {
  const json = JSON.parse(await text(exportJson))
  t.equal(MultiDirectedGraph.from(json).size, EDGES.length)
  t.strictSame(
    json.nodes.map((n: Item) => ({ id: n.key, ...n.attributes, key: NODES.find(({ id }) => id === n.key)?.key })),
    NODES.map((n) => ({ ...n })),
  )

  const jgf = JSON.parse(await text(exportJsonGraph)).graph
  t.match(jgf, { directed: true, label: source.name })
  t.strictSame(
    Object.entries(jgf.nodes).map(([id, node]) => ({ id, ...(node as { metadata: object }).metadata })),
    NODES,
  )
  t.strictSame(
    jgf.edges.map(({ id, source, target, relation, metadata }: Record<string, never>) =>
      flat({ id, from: source, to: target, kind: relation, ...(metadata as unknown as object) }, []),
    ),
    EDGES.map((edge) => flat(edge, [])).map(({ id, kind, from, to, ...rest }) => ({ id, from, to, kind, ...rest })),
  )

  const fromMl = graphml.parse(MultiDirectedGraph, await text(exportGraphml))
  t.equal(shape(fromMl), shape(wanted()), 'GraphML')
  const fromGexf = gexf.parse(MultiDirectedGraph, await text(exportGexf))
  t.equal(shape(fromGexf, ['label']), shape(wanted()), 'GEXF')

  const dot = fromDot(await text(exportDot))
  t.equal(dot.nodes.length, NODES.length)
  t.equal(dot.edges.length, EDGES.length)

  const rows = (csv: string) => parseCsv(csv, { columns: true, record_delimiter: '\r\n' }) as Record<string, string>[]
  const unguard = (value: string) => value.replace(/^'/, '')
  const nodes = rows(await text(exportCsvNodes))
  t.strictSame(
    nodes.map(({ id, name, startLine }) => [id, unguard(name as string), Number(startLine)]),
    NODES.map(({ id, name, startLine }) => [id, name, startLine]),
  )
  t.notOk(
    nodes.some(({ name }) => /^[=+\-@]/.test(name as string)),
    'no cell is a formula',
  )
  const edges = rows(await text(exportCsvEdges))
  t.strictSame(
    edges.map(({ id, from, to, kind, count }) => [id, from, to, kind, Number(count)]),
    EDGES.map(({ id, from, to, kind, count }) => [id, from, to, kind, count]),
  )

  const mermaid = (await text(exportMermaid)).trimEnd().split('\n')
  t.equal(mermaid.length, 1 + NODES.length + EDGES.length)
  for (const line of mermaid.slice(1))
    t.match(line, /^ {2}n\d+(?:\["[\p{L}\p{N} ._/:@()#;-]*"\]:::kind_\w+| (?:-->|-\.->|-\.-x)\|\w+\| n\d+)$/u)

  const cypher = (await text(exportCypher)).trimEnd().split('\n')
  t.equal(cypher.length, 1 + NODES.length + EDGES.length, 'one statement a line')
  t.match(cypher[0], /^\/\/ /, 'nothing but openCypher')
  for (const line of cypher.slice(1)) t.match(line, /^(?:[^']|'(?:[^'\\]|\\.)*')*;$/, 'literals are closed')
})

t.test('a field of CSV is read again as it was, and is never a formula', async (t) => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      const plain = value.replaceAll('\0', '').toWellFormed()
      const [[read] = []] = parseCsv(`${field(value)},x\r\n`, { record_delimiter: '\r\n' }) as string[][]
      const isGuarded = /^[=+\-@\t\r\n'|%]/.test(plain)
      return read === (isGuarded ? `'${plain}` : plain) && !/^[=+\-@]/.test(read)
    }),
  )
  t.equal(field(-5), '-5', 'numbers are numbers')
})

t.test('page rank agrees with graphology', async (t) => {
  const arrow = fc.tuple(fc.nat(11), fc.nat(11)).filter(([a, b]) => a !== b)
  fc.assert(
    fc.property(fc.uniqueArray(arrow, { minLength: 1, maxLength: 30, selector: String }), (arrows) => {
      const graph = new DirectedGraph()
      for (let node = 0; node < 12; node++) graph.addNode(node)
      for (const [a, b] of arrows) graph.addEdge(a, b)
      const theirs = pagerank(graph, { tolerance: 1e-9, maxIterations: 500, getEdgeWeight: null })
      const ours = pageRank({
        size: 12,
        from: Int32Array.from(arrows, ([a]) => a),
        to: Int32Array.from(arrows, ([, b]) => b),
      })
      return ours.every((rank, node) => Math.abs(rank - (theirs[node] as number)) < 1e-4)
    }),
  )
  t.pass()
})

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { exportCypher } from '../../src/graph/export/cypher.ts'
import type { ExportInput } from '../../src/graph/export/input.ts'
import { exportMermaid } from '../../src/graph/export/mermaid.ts'
import type { GraphEdge, GraphNode } from '../../src/graph/model.ts'
import type { Source } from '../../src/graph/model-sources.ts'

/** A graph, its exports, and what the parsers of Mermaid and Neo4j read of them; see scripts/oracles/freeze-exports.ts. */
interface Frozen {
  tools: Record<string, string>
  nodes: GraphNode[]
  edges: GraphEdge[]
  mermaid: Exported
  cypher: Exported
}
interface Exported {
  text: string[]
  read: { nodes: Record<string, unknown>[]; edges: Record<string, unknown>[] }
}

const FILE = join(import.meta.dirname, '../fixtures/exports-read.json')
const { tools, nodes, edges, mermaid, cypher } = JSON.parse(readFileSync(FILE, 'utf8')) as Frozen

async function* batches<T>(items: T[]): AsyncGenerator<T[]> {
  for (let at = 0; at < items.length; at += 7) yield items.slice(at, at + 7)
}

async function lines(write: (input: ExportInput) => AsyncIterable<string>): Promise<string[]> {
  const input = { source: {} as Source, revision: 1, nodes: batches(nodes), edges: batches(edges) }
  let text = ''
  for await (const piece of write(input)) text += piece
  return text.split('\n')
}

/** Properties as Cypher holds them: lists as JSON, no NUL. */
const properties = (record: object) =>
  Object.fromEntries(
    Object.entries(record).map(([name, value]) => {
      const plain = typeof value === 'object' ? JSON.stringify(value) : value
      return [name, typeof plain === 'string' ? plain.replaceAll('\0', '') : plain]
    }),
  )
const sorted = (record: object) => Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)))

t.test(`Mermaid ${tools.mermaid} reads the graph that was exported`, async (t) => {
  t.strictSame(await lines(exportMermaid), mermaid.text)
  const { read } = mermaid
  t.strictSame(
    read.nodes.map(({ label, class: kind }) => [label, kind]),
    // Labels are drawn without blanks round them, and HTML has no NUL.
    nodes.map(({ name, kind }) => [name.trim().replaceAll('\0', '\ufffd'), `kind_${kind}`]),
  )
  const ids = new Map(read.nodes.map(({ id }, at) => [id, nodes[at]?.id]))
  t.equal(ids.size, nodes.length)
  const lineOf = { exact: 'normal arrow_point', inferred: 'dotted arrow_point', unresolved: 'dotted arrow_cross' }
  t.strictSame(
    read.edges.map(({ from, to, label, stroke, head }) => [ids.get(from), ids.get(to), label, `${stroke} ${head}`]),
    edges.map(({ from, to, kind, resolution }) => [from, to, kind, lineOf[resolution]]),
  )
})

t.test(`Neo4j's parser ${tools['@neo4j-cypher/language-support']} reads the graph that was exported`, async (t) => {
  t.strictSame(await lines(exportCypher), cypher.text)
  t.strictSame(
    cypher.read.nodes.map(sorted),
    nodes
      .map((node) => ({
        ...properties(node),
        labels: `:ParleyNode:${node.kind[0]?.toUpperCase()}${node.kind.slice(1)}`,
      }))
      .map(sorted),
  )
  t.strictSame(
    cypher.read.edges.map(sorted),
    edges.map((edge) => ({ ...properties(edge), kind: `:${edge.kind.toUpperCase()}`, arrow: true })).map(sorted),
  )
})

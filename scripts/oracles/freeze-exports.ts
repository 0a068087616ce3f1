import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { EDGE_KINDS, NODE_KINDS, RESOLUTIONS } from '../../src/graph/analysis/types.ts'
import { exportCypher } from '../../src/graph/export/cypher.ts'
import type { ExportInput } from '../../src/graph/export/input.ts'
import { exportMermaid } from '../../src/graph/export/mermaid.ts'
import type { GraphEdge, GraphNode } from '../../src/graph/model.ts'
import type { Source } from '../../src/graph/model-sources.ts'
import { readCypher, readMermaid, versionsOf } from './exports.ts'

/**
 * Exports a small graph of awkward names, has the languages' own parsers read the texts, and writes graph, texts and what was read into one file, for
 * test/graph/exports-read.test.ts.
 * `node --import=tsx scripts/oracles/freeze-exports.ts <out.json> <folder where mermaid, jsdom and @neo4j-cypher/language-support are installed>`
 */
const [out, home] = process.argv.slice(2).map((path) => resolve(path)) as [string, string]

const NAMES = [
  'plain',
  '"quoted" \'single\' `back`',
  '[square] (round) {curly} <angle>',
  ']"]; end',
  'two\nlines\r\nand a\ttab',
  'back\\slash \\n \\u0041 \\',
  'ümläut 漢字 🎈 e\u0301 \u202Ertl',
  'end',
  'subgraph',
  'graph TD',
  'click n0 href "x"',
  '%% no comment',
  '%%{init: {"theme": "dark"}}%%',
  '// no comment /* nor this */',
  'MATCH (n) DETACH DELETE n',
  "'}) DETACH DELETE n; //",
  '#quot; &amp; &#34; #35; &lt;b&gt;',
  '<b>bold</b><script>alert(1)</script>',
  '`markdown **bold**`',
  'a --> b -.-x c | d ~~~ e',
  ':::class @{ shape: rounded }',
  '$param $$x^2$$ $x',
  ' padded ',
  '1. list\n- item',
  '__proto__',
  'default',
  'a\u0000b\u0007c\u2028d',
  '',
]

const uuid = (n: number) => `01930000-0000-7000-8000-${String(n).padStart(12, '0')}`
const nodes: GraphNode[] = NAMES.map((name, at) => ({
  id: uuid(at),
  key: `src/${at}.ts#${name}`,
  kind: NODE_KINDS[at % NODE_KINDS.length] as GraphNode['kind'],
  name,
  path: `src/${name.replaceAll('\0', '')}.ts`,
  ...(at % 2 === 0 ? { startLine: at + 1, endLine: at + 2, exported: at % 3 === 0 } : {}),
  ...(at % 5 === 0 ? { doc: `Says ${name}`, notes: [{ code: 'minified', detail: name }] } : {}),
}))
const edges: GraphEdge[] = [...NAMES, ...EDGE_KINDS].map((name, at) => ({
  id: uuid(1000 + at),
  kind: EDGE_KINDS[at % EDGE_KINDS.length] as GraphEdge['kind'],
  from: uuid(at % NAMES.length),
  to: uuid((at * 5 + 1) % NAMES.length),
  resolution: RESOLUTIONS[at % RESOLUTIONS.length] as GraphEdge['resolution'],
  typeOnly: at % 2 === 1,
  dynamic: at % 3 === 1,
  count: at + 1,
  ...(at % 2 === 0 ? { name } : {}),
}))

async function* whole<T>(items: T[]): AsyncGenerator<T[]> {
  yield items
}
async function textOf(write: (input: ExportInput) => AsyncIterable<string>): Promise<string> {
  const source = { id: uuid(9999), name: 'awkward' } as Source
  let text = ''
  for await (const piece of write({ source, revision: 1, nodes: whole(nodes), edges: whole(edges) })) text += piece
  return text
}

const [mermaid, cypher] = [await textOf(exportMermaid), await textOf(exportCypher)]
const frozen = {
  about:
    'What the parsers of Mermaid and Neo4j read of the exports of this graph. Made by scripts/oracles/freeze-exports.ts, which says how.',
  tools: versionsOf(home, ['mermaid', 'jsdom', '@neo4j-cypher/language-support', 'antlr4ng']),
  nodes,
  edges,
  mermaid: { text: mermaid.split('\n'), read: await readMermaid(mermaid, home) },
  cypher: { text: cypher.split('\n'), read: await readCypher(cypher, home) },
}
const plain = JSON.stringify(frozen, null, 1).replace(
  /[^ -~\n]/g,
  (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
)
writeFileSync(out, `${plain}\n`)

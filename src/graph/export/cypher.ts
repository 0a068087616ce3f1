import type { ExportInput } from './input.ts'
import { flat } from './text.ts'

/** A string literal of openCypher 9. */
const literal = (value: string | number | boolean) =>
  typeof value === 'string'
    ? `'${value
        .toWellFormed()
        .replaceAll('\0', '')
        .replace(
          /[\\'\n\r\t]/g,
          (c) => `\\${({ '\n': 'n', '\r': 'r', '\t': 't' } as Record<string, string>)[c] ?? c}`,
        )}'`
    : String(value)

const map = (record: object) =>
  `{${flat(record)
    .map(([name, value]) => `${name}: ${literal(value)}`)
    .join(', ')}}`

const title = (kind: string) => `${kind[0]?.toUpperCase()}${kind.slice(1)}`

/** openCypher statements, one a line, each complete by itself: nodes by `id`, relations between them. Run again they change nothing. */
export async function* exportCypher({ nodes, edges }: ExportInput): AsyncGenerator<string> {
  // Indexes are no part of openCypher: the statement is for those who read it.
  yield '// Neo4j, before large graphs: CREATE INDEX parley_node_id IF NOT EXISTS FOR (n:ParleyNode) ON (n.id);\n'
  for await (const batch of nodes) {
    yield batch
      .map((node) => `MERGE (n:ParleyNode {id: ${literal(node.id)}}) SET n:${title(node.kind)}, n += ${map(node)};\n`)
      .join('')
  }
  for await (const batch of edges) {
    yield batch
      .map(({ id, from, to, kind, ...rest }) => {
        const ends = `MATCH (a:ParleyNode {id: ${literal(from)}}), (b:ParleyNode {id: ${literal(to)}})`
        return `${ends} MERGE (a)-[e:${kind.toUpperCase()} {id: ${literal(id)}}]->(b) SET e += ${map(rest)};\n`
      })
      .join('')
  }
}

import type { ExportInput } from './input.ts'
import { EDGE_ATTRIBUTES, flat, NODE_ATTRIBUTES, xml } from './text.ts'

const TYPES = { string: 'string', integer: 'int', boolean: 'boolean' } as const

const keys = (of: 'node' | 'edge', attributes: Record<string, keyof typeof TYPES>) =>
  Object.entries(attributes)
    .map(([name, type]) => `  <key id="${of}-${name}" for="${of}" attr.name="${name}" attr.type="${TYPES[type]}"/>\n`)
    .join('')

const data = (of: 'node' | 'edge', record: object) =>
  flat(record)
    .map(([name, value]) => `<data key="${of}-${name}">${xml(value)}</data>`)
    .join('')

/** GraphML (graphml.graphdrawing.org, "The GraphML File Format"): attributes as typed data; the readable key is `nodeKey`. */
export async function* exportGraphml({ source, nodes, edges }: ExportInput): AsyncGenerator<string> {
  yield `<?xml version="1.0" encoding="UTF-8"?>\n<graphml xmlns="http://graphml.graphdrawing.org/xmlns">\n`
  yield keys('node', NODE_ATTRIBUTES) + keys('edge', EDGE_ATTRIBUTES)
  yield `  <graph id="${xml(source.id)}" edgedefault="directed">\n`
  for await (const batch of nodes) {
    yield batch
      .map(({ id, key, ...rest }) => `    <node id="${id}">${data('node', { nodeKey: key, ...rest })}</node>\n`)
      .join('')
  }
  for await (const batch of edges) {
    yield batch
      .map(
        ({ id, from, to, ...rest }) =>
          `    <edge id="${id}" source="${from}" target="${to}">${data('edge', rest)}</edge>\n`,
      )
      .join('')
  }
  yield '  </graph>\n</graphml>\n'
}

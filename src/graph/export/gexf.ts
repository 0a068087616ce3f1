import type { ExportInput } from './input.ts'
import { EDGE_ATTRIBUTES, flat, NODE_ATTRIBUTES, xml } from './text.ts'

const declared = (of: 'node' | 'edge', attributes: Record<string, string>) =>
  `    <attributes class="${of}">\n${Object.entries(attributes)
    .map(([name, type]) => `      <attribute id="${name}" title="${name}" type="${type}"/>\n`)
    .join('')}    </attributes>\n`

const values = (record: object) => {
  const list = flat(record).map(([name, value]) => `<attvalue for="${name}" value="${xml(value)}"/>`)
  return `<attvalues>${list.join('')}</attvalues>`
}

/** GEXF 1.3 (gexf.net), for Gephi. */
export async function* exportGexf({ source, revision, nodes, edges }: ExportInput): AsyncGenerator<string> {
  yield `<?xml version="1.0" encoding="UTF-8"?>\n<gexf xmlns="http://gexf.net/1.3" version="1.3">\n`
  yield `  <meta><creator>Parley</creator><description>${xml(source.name)}, revision ${revision}</description></meta>\n`
  yield `  <graph defaultedgetype="directed" mode="static">\n`
  yield declared('node', NODE_ATTRIBUTES) + declared('edge', EDGE_ATTRIBUTES)
  yield '    <nodes>\n'
  for await (const batch of nodes) {
    yield batch
      .map(
        ({ id, key, ...rest }) =>
          `      <node id="${id}" label="${xml(rest.name)}">${values({ nodeKey: key, ...rest })}</node>\n`,
      )
      .join('')
  }
  yield '    </nodes>\n    <edges>\n'
  for await (const batch of edges) {
    yield batch
      .map(
        ({ id, from, to, ...rest }) =>
          `      <edge id="${id}" source="${from}" target="${to}" type="directed" label="${rest.kind}">${values(rest)}</edge>\n`,
      )
      .join('')
  }
  yield '    </edges>\n  </graph>\n</gexf>\n'
}

import type { ExportInput } from './input.ts'

/**
 * graphology's serialization (graphology documentation, "Serialization"): `{ attributes, options, nodes, edges }`, written piece by piece. Node
 * keys are node ids, so that edges of several exports can be compared; the readable key is an attribute.
 */
export async function* exportJson({ source, revision, nodes, edges }: ExportInput): AsyncGenerator<string> {
  const attributes = { sourceId: source.id, name: source.name, revision }
  const options = { type: 'directed', multi: true, allowSelfLoops: true }
  yield `{"attributes":${JSON.stringify(attributes)},"options":${JSON.stringify(options)},"nodes":[`
  let separator = '\n'
  for await (const batch of nodes) {
    const lines = batch.map(({ id, ...rest }) => JSON.stringify({ key: id, attributes: rest }))
    if (lines.length > 0) yield separator + lines.join(',\n')
    separator = ',\n'
  }
  yield '\n],"edges":['
  separator = '\n'
  for await (const batch of edges) {
    const lines = batch.map(({ id, from, to, ...rest }) =>
      JSON.stringify({ key: id, source: from, target: to, attributes: rest }),
    )
    if (lines.length > 0) yield separator + lines.join(',\n')
    separator = ',\n'
  }
  yield '\n]}\n'
}

import type { ExportInput } from './input.ts'

/** JSON Graph Format, version 2 (jsongraphformat.info): nodes by id, edges with a relation. */
export async function* exportJsonGraph({ source, revision, nodes, edges }: ExportInput): AsyncGenerator<string> {
  const metadata = JSON.stringify({ sourceId: source.id, revision })
  yield `{"graph":{"id":${JSON.stringify(source.id)},"label":${JSON.stringify(source.name)},"directed":true,"metadata":${metadata},"nodes":{`
  let separator = '\n'
  for await (const batch of nodes) {
    const lines = batch.map(
      ({ id, ...rest }) => `${JSON.stringify(id)}:${JSON.stringify({ label: rest.name, metadata: rest })}`,
    )
    if (lines.length > 0) yield separator + lines.join(',\n')
    separator = ',\n'
  }
  yield '\n},"edges":['
  separator = '\n'
  for await (const batch of edges) {
    const lines = batch.map(({ id, from, to, kind, ...rest }) =>
      JSON.stringify({ id, source: from, target: to, relation: kind, directed: true, metadata: rest }),
    )
    if (lines.length > 0) yield separator + lines.join(',\n')
    separator = ',\n'
  }
  yield '\n]}}\n'
}

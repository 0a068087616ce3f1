import type { ExportInput } from './input.ts'

const SHAPES: Record<string, string> = {
  source: 'house',
  folder: 'folder',
  file: 'note',
  document: 'note',
  section: 'plaintext',
  package: 'component',
  class: 'box',
  interface: 'box',
  enum: 'box',
  type: 'box',
  unresolved: 'octagon',
}
const STYLES: Record<string, string> = { exact: 'solid', inferred: 'dashed', unresolved: 'dotted' }

/** A quoted string of the DOT language (graphviz.org, "The DOT Language"): line breaks and quotes escaped. */
export function quoted(text: string): string {
  const escaped = text
    .replace(/\\/g, '\\\\')
    .replace(/"/g, '\\"')
    .replace(/\r?\n|\r/g, '\\n')
    .replaceAll('\0', '')
  return `"${escaped}"`
}

/** Graphviz DOT, written piece by piece: ids are node ids, labels are names. */
export async function* exportDot({ source, nodes, edges }: ExportInput): AsyncGenerator<string> {
  yield `digraph ${quoted(source.name)} {\n  rankdir=LR;\n  node [shape=ellipse, fontname="Helvetica"];\n`
  for await (const batch of nodes) {
    yield batch
      .map(({ id, key, kind, name }) => {
        const shape = SHAPES[kind] ?? 'ellipse'
        return `  ${quoted(id)} [label=${quoted(name)}, tooltip=${quoted(key)}, shape=${shape}, class=${quoted(kind)}];\n`
      })
      .join('')
  }
  for await (const batch of edges) {
    yield batch
      .map(
        ({ from, to, kind, resolution }) =>
          `  ${quoted(from)} -> ${quoted(to)} [label=${quoted(kind)}, style=${STYLES[resolution]}];\n`,
      )
      .join('')
  }
  yield '}\n'
}

import type { ExportInput } from './input.ts'

/** Text inside a quoted Mermaid label: entities by number, as its documentation asks for. */
const label = (text: string) =>
  `"${(text || ' ').toWellFormed().replace(/[^\p{L}\p{N} ._/:@()-]/gu, (character) => `#${character.codePointAt(0)};`)}"`

const ARROWS = { exact: '-->', inferred: '-.->', unresolved: '-.-x' } as const

/** A Mermaid flowchart (mermaid.js.org). Classes are `kind_...`: some kinds are words of the language. Ids are short: Mermaid draws small graphs, and its parser is slow with long ones. */
export async function* exportMermaid({ nodes, edges }: ExportInput): AsyncGenerator<string> {
  yield 'flowchart LR\n'
  const names = new Map<string, string>()
  for await (const batch of nodes) {
    yield batch
      .map(({ id, name, kind }) => {
        const short = `n${names.size}`
        names.set(id, short)
        return `  ${short}[${label(name)}]:::kind_${kind}\n`
      })
      .join('')
  }
  for await (const batch of edges) {
    yield batch
      .map(({ from, to, kind, resolution }) => `  ${names.get(from)} ${ARROWS[resolution]}|${kind}| ${names.get(to)}\n`)
      .join('')
  }
}

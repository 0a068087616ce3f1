import type { ExportInput } from './input.ts'
import { EDGE_ATTRIBUTES, NODE_ATTRIBUTES } from './text.ts'

/**
 * One field (RFC 4180). A spreadsheet would take a text that begins like a formula for one, and run it: such a text gets an apostrophe in front
 * (OWASP, "CSV Injection"), and so does one that begins with an apostrophe, so that it can be taken away again.
 */
export function field(value: unknown): string {
  if (value === undefined || value === null) return ''
  const text = (typeof value === 'object' ? JSON.stringify(value) : String(value)).replaceAll('\0', '').toWellFormed()
  const safe = typeof value === 'string' && /^[=+\-@\t\r\n'|%]/.test(text) ? `'${text}` : text
  return /[",\n\r]/.test(safe) || safe !== safe.trim() ? `"${safe.replaceAll('"', '""')}"` : safe
}

const row = (values: unknown[]) => `${values.map(field).join(',')}\r\n`
const NODES = ['id', ...Object.keys(NODE_ATTRIBUTES)]
const EDGES = ['id', 'from', 'to', ...Object.keys(EDGE_ATTRIBUTES)]

/** The nodes as a table. */
export async function* exportCsvNodes({ nodes }: Pick<ExportInput, 'nodes'>): AsyncGenerator<string> {
  yield row(NODES)
  for await (const batch of nodes) {
    yield batch
      .map(({ key, ...node }) => row(NODES.map((name) => (name === 'nodeKey' ? key : node[name as keyof typeof node]))))
      .join('')
  }
}

/** The edges as a table. */
export async function* exportCsvEdges({ edges }: Pick<ExportInput, 'edges'>): AsyncGenerator<string> {
  yield row(EDGES)
  for await (const batch of edges) {
    yield batch.map((edge) => row(EDGES.map((name) => edge[name as keyof typeof edge]))).join('')
  }
}

/** Both tables in one text: that of the nodes, an empty line, that of the edges. `part` of a request gives one of them alone. */
export async function* exportCsv(input: ExportInput): AsyncGenerator<string> {
  yield* exportCsvNodes(input)
  yield '\r\n'
  yield* exportCsvEdges(input)
}

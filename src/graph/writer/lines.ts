import { stableId } from '../analysis/ids.ts'
import type { GraphEdge, GraphNode, Passage } from '../analysis/types.ts'
import { json, line } from './copy.ts'

/** Where a revision is written to. */
export interface WriteAt {
  sourceId: string
  workspaceId: string
  revision: number
}

/** Columns of the tables that an analysis fills, in the order of their lines. */
export const TABLES = {
  passages: [
    ...['id', 'workspace_id', 'source_id', 'path', 'start_line', 'end_line', 'node_id', 'kind', 'title', 'text'],
  ],
  graph_nodes: [
    ...['id', 'source_id', 'from_revision', 'key', 'kind', 'name', 'path', 'start_line', 'end_line', 'attributes'],
  ],
  graph_edges: [
    ...['id', 'source_id', 'from_revision', 'kind', 'from_id', 'to_id', 'resolution', 'type_only', 'dynamic'],
    ...['start_line', 'end_line', 'count', 'name'],
  ],
}

/** A table of {@link TABLES}. */
export type Table = keyof typeof TABLES

const MAX_COUNT = 32_767
/** Rows of one batch: enough that a statement for each does not show, little enough that it is soon done. */
const BATCH = 4_000

function nodeLine({ sourceId, revision }: WriteAt, node: GraphNode): string {
  const { id, key, kind, name, path, startLine, endLine, ...attributes } = node
  return line([id, sourceId, revision, key, kind, name, path, startLine, endLine, json(attributes)])
}

function edgeLine({ sourceId, revision }: WriteAt, edge: GraphEdge): string {
  const { id, kind, from, to, resolution, typeOnly, dynamic, startLine, endLine, count, name } = edge
  const first = [id, sourceId, revision, kind, from, to, resolution, typeOnly, dynamic]
  return line([...first, startLine, endLine, Math.min(count, MAX_COUNT), name])
}

/** The same text on the same lines of the same node is the same passage. */
function passageId(sourceId: string, { path, startLine, endLine, nodeKey, kind, title, text }: Passage): string {
  return stableId(sourceId, ['passage', path, startLine, endLine, nodeKey, kind, title, text].join('\0'))
}

/** Passages as lines of their table; those that are told twice are written once. */
export function passageLines({ sourceId, workspaceId }: WriteAt, passages: readonly Passage[]): Buffer {
  const byId = new Map(passages.map((passage) => [passageId(sourceId, passage), passage]))
  const lines = [...byId].map(([id, { path, startLine, endLine, nodeId, kind, title, text }]) =>
    line([id, workspaceId, sourceId, path, startLine, endLine, nodeId, kind, title, text]),
  )
  return Buffer.from(lines.join(''))
}

/** Nodes and edges as lines of their tables, batch by batch. */
export function* graphLines(
  at: WriteAt,
  { nodes, edges }: { nodes: readonly GraphNode[]; edges: readonly GraphEdge[] },
): Iterable<[table: Table, lines: Buffer]> {
  for (let from = 0; from < nodes.length; from += BATCH)
    yield ['graph_nodes', batch(nodes.slice(from, from + BATCH), (node) => nodeLine(at, node))]
  for (let from = 0; from < edges.length; from += BATCH)
    yield ['graph_edges', batch(edges.slice(from, from + BATCH), (edge) => edgeLine(at, edge))]
}

const batch = <T>(items: readonly T[], toLine: (item: T) => string) => Buffer.from(items.map(toLine).join(''))

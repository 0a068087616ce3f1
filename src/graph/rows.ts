import type { GraphEdge, GraphNode } from './model.ts'
import type { Revision, Source } from './model-sources.ts'

/** A node as the database gives it. */
export interface NodeRow {
  id: string
  sourceId: string
  key: string
  kind: GraphNode['kind']
  name: string
  path: string
  startLine: number | null
  endLine: number | null
  attributes: Partial<GraphNode>
}

/** An edge as the database gives it. */
export interface EdgeRow {
  id: string
  kind: GraphEdge['kind']
  fromId: string
  toId: string
  resolution: GraphEdge['resolution']
  typeOnly: boolean
  dynamic: boolean
  startLine: number | null
  endLine: number | null
  count: number
  name: string | null
}

export interface SourceRow extends Omit<Source, 'analyzedAt'> {
  analyzedAt: string | null
  deletedAt: string | null
}

export interface RevisionRow extends Omit<Revision, 'revision' | 'stats' | 'error' | 'finishedAt'> {
  number: number | null
  createdBy: string | null
  stats: Revision['stats'] | null
  error: string | null
  finishedAt: string | null
}

const range = ({ startLine, endLine }: { startLine: number | null; endLine: number | null }) => ({
  ...(startLine === null ? {} : { startLine }),
  ...(endLine === null ? {} : { endLine }),
})

/** A node as clients see it. */
export function toNode(row: NodeRow): GraphNode {
  const { id, key, kind, name, path, attributes } = row
  return { id, key, kind, name, path, ...range(row), ...attributes }
}

/** An edge as clients see it. */
export function toEdge(row: EdgeRow): GraphEdge {
  const { id, kind, fromId, toId, resolution, typeOnly, dynamic, count, name } = row
  const edge = { id, kind, from: fromId, to: toId, resolution, typeOnly, dynamic, ...range(row), count }
  return name === null ? edge : { ...edge, name }
}

/** A source as clients see it. */
export function toSource({ analyzedAt, deletedAt: _deleted, ...row }: SourceRow): Source {
  return analyzedAt === null ? row : { ...row, analyzedAt }
}

/** A revision as clients see it. */
export function toRevision({ number, stats, error, finishedAt, createdBy: _creator, ...row }: RevisionRow): Revision {
  return {
    ...row,
    revision: number,
    ...(stats === null ? {} : { stats }),
    ...(error === null ? {} : { error }),
    ...(finishedAt === null ? {} : { finishedAt }),
  }
}

import { stableId } from '../ids.ts'
import type { EdgeKind, GraphEdge, GraphNode, Resolution } from '../types.ts'

/** An edge by node keys, before ids. */
export interface EdgeDraft {
  kind: EdgeKind
  from: string
  to: string
  resolution?: Resolution
  typeOnly?: boolean
  dynamic?: boolean
  startLine?: number
  endLine?: number
  name?: string
}

export interface GraphBuilder {
  /** Adds a node; a key that is there already stays as it was. */
  node: (node: Omit<GraphNode, 'id'>) => void
  has: (key: string) => boolean
  get: (key: string) => GraphNode | undefined
  /** Keys of all nodes so far. */
  keys: () => Iterable<string>
  id: (key: string) => string
  /** Adds an edge, or one more occurrence of it. Both nodes must exist. */
  edge: (draft: EdgeDraft) => void
  /** Everything in a stable order: nodes by key, edges by kind and keys. */
  finish: () => { nodes: GraphNode[]; edges: GraphEdge[] }
}

const WEAKER: Record<Resolution, number> = { exact: 0, inferred: 1, unresolved: 2 }

/** Collects nodes and edges without duplicates; ids follow from the source id and the keys alone. */
export function createGraphBuilder(sourceId: string): GraphBuilder {
  const nodes = new Map<string, GraphNode>()
  const edges = new Map<string, { sort: string; edge: GraphEdge }>()
  const idOf = (key: string) => nodes.get(key)?.id ?? stableId(sourceId, key)
  return {
    node(node) {
      if (!nodes.has(node.key)) nodes.set(node.key, { id: stableId(sourceId, node.key), ...node })
    },
    has: (key) => nodes.has(key),
    get: (key) => nodes.get(key),
    keys: () => nodes.keys(),
    id: idOf,
    edge(draft) {
      const {
        kind,
        from,
        to,
        resolution = 'exact',
        typeOnly = false,
        dynamic = false,
        startLine,
        endLine,
        name,
      } = draft
      const flags = `${typeOnly ? 't' : ''}${dynamic ? 'd' : ''}`
      const sort = `${kind} ${from}\u0000${to}\u0000${flags}${kind === 'exports' && name ? `=${name}` : ''}`
      const known = edges.get(sort)?.edge
      if (known) {
        known.count++
        if (WEAKER[resolution] < WEAKER[known.resolution]) known.resolution = resolution
        if (startLine !== undefined && (known.startLine === undefined || startLine < known.startLine)) {
          known.startLine = startLine
          if (endLine !== undefined) known.endLine = endLine
        }
        return
      }
      const edge: GraphEdge = {
        id: stableId(sourceId, sort),
        kind,
        from: idOf(from),
        to: idOf(to),
        resolution,
        typeOnly,
        dynamic,
        count: 1,
      }
      if (startLine !== undefined) edge.startLine = startLine
      if (endLine !== undefined) edge.endLine = endLine
      if (name !== undefined) edge.name = name
      edges.set(sort, { sort, edge })
    },
    finish() {
      const byKey = [...nodes.values()].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
      const bySort = [...edges.values()].sort((a, b) => (a.sort < b.sort ? -1 : 1))
      return { nodes: byKey, edges: bySort.map(({ edge }) => edge) }
    },
  }
}

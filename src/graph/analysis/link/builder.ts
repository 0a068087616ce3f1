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
  /**
   * Takes away what was added since the last time, so that it need not be kept: edges, and nodes inside of the file `path`. Other nodes are told once and stay.
   * Edges of different files must not be mixed.
   */
  take: (path?: string) => { nodes: GraphNode[]; edges: GraphEdge[] }
  /** Everything in a stable order: nodes by key, edges by kind and keys. */
  finish: () => { nodes: GraphNode[]; edges: GraphEdge[] }
}

const WEAKER: Record<Resolution, number> = { exact: 0, inferred: 1, unresolved: 2 }

/** Collects nodes and edges without duplicates; ids follow from the source id and the keys alone. */
export function createGraphBuilder(sourceId: string): GraphBuilder {
  const nodes = new Map<string, GraphNode>()
  const edges = new Map<string, { sort: string; edge: GraphEdge }>()
  const ids = new Map<string, string>()
  let fresh: GraphNode[] = []
  const idOf = (key: string) => {
    const known = ids.get(key)
    if (known !== undefined) return known
    const id = stableId(sourceId, key)
    ids.set(key, id)
    return id
  }
  return {
    node(node) {
      if (nodes.has(node.key)) return
      const made = { id: idOf(node.key), ...node }
      nodes.set(node.key, made)
      fresh.push(made)
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
    take(path) {
      const taken = { nodes: fresh, edges: Array.from(edges.values(), ({ edge }) => edge) }
      edges.clear()
      if (path !== undefined) for (const { key } of fresh) if (key.startsWith(`${path}#`)) nodes.delete(key)
      fresh = []
      return taken
    },
    finish() {
      const byKey = [...nodes.values()].sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
      const bySort = [...edges.values()].sort((a, b) => (a.sort < b.sort ? -1 : 1))
      return { nodes: byKey, edges: bySort.map(({ edge }) => edge) }
    },
  }
}

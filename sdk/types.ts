/** The records of the API, generated from the server's schemas, and what the client makes of them. */
import type { GraphEdge, GraphNode } from './records.ts'

export type * from './records.ts'

/** A page of a graph: nodes in the order of their keys, and the edges that start at them. */
export type Graph = {
  sourceId: string
  revision: number
  /** Of the whole revision, without filters. */
  counts: { nodes: number; edges: number }
  nodes: GraphNode[]
  edges: GraphEdge[]
  nextCursor: string | null
}

/** What is around a node. */
export type Neighborhood = Omit<Graph, 'counts' | 'nextCursor'> & { truncated: boolean }

/** A node with its place and its numbers of edges. */
export type GraphNodeDetail = GraphNode & { sourceId: string; revision: number; inDegree: number; outDegree: number }

import type { GraphEdge, GraphNode } from '../model.ts'
import type { Source } from '../model-sources.ts'

/** What a format writes. Nodes come before edges; each is read once. */
export interface ExportInput {
  source: Source
  revision: number
  nodes: AsyncIterable<GraphNode[]>
  edges: AsyncIterable<GraphEdge[]>
}

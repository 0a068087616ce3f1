/** The records of the API. Those of records.ts are generated from the server's schemas; the rest are views of the client. */
export type * from './records.ts'

export type Source = { id: string; workspaceId: string; name: string; revision: number | null; createdAt: string }

export type GraphNode = {
  id: string
  kind: string
  name: string
  path: string
  startLine?: number | null
  endLine?: number | null
}

export type GraphEdge = {
  id: string
  kind: string
  from: string
  to: string
  resolution: 'exact' | 'inferred' | 'unresolved'
  typeOnly: boolean
  dynamic: boolean
  startLine?: number | null
}

export type Graph = {
  sourceId: string
  revision: number
  nodes: GraphNode[]
  edges: GraphEdge[]
  nextCursor: string | null
}

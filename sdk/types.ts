/** The records of the API, as the client uses them. The OpenAPI document at /docs/openapi.json is the full truth. */

export type User = {
  id: string
  email: string
  name: string
  role: 'user' | 'admin'
  tier: 'free' | 'premium' | 'enterprise'
  createdAt: string
}

export type Workspace = { id: string; name: string; personal: boolean; createdAt: string }

export type Conversation = {
  id: string
  workspaceId: string
  title: string
  assistant: 'auto' | 'always' | 'mention' | 'off'
  createdAt: string
  updatedAt: string
}

export type Citation = {
  uploadId: string | null
  path: string
  startLine: number
  endLine: number
  nodeId?: string
  quote: string
}

export type Message = {
  id: string
  conversationId: string
  seq: number
  role: 'user' | 'assistant' | 'system'
  authorId: string | null
  content: string
  clientId?: string | null
  replyTo?: string | null
  attachments: string[]
  citations: Citation[]
  status: 'complete' | 'streaming' | 'stopped' | 'failed'
  createdAt: string
  editedAt?: string | null
  deletedAt?: string | null
}

export type Upload = { id: string; name: string; size: number; mediaType: string; createdAt: string }

export type Job = {
  id: string
  name: string
  state: 'queued' | 'active' | 'completed' | 'failed' | 'cancelled'
  progress: number
  phase?: string | null
  result?: unknown
  error?: { code: string; message: string } | null
  createdAt: string
  finishedAt?: string | null
}

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

export type SignedIn = { user: User; accessToken: string; refreshToken: string; expiresIn: number }

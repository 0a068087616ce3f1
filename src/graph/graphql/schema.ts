import { buildSchema } from 'graphql'
import { JOB_STATES } from '../../contracts/jobs.ts'
import { EDGE_KINDS, NODE_KINDS, RESOLUTIONS } from '../analysis/types.ts'

const SDL = `
"What role a field needs towards the record it works on, and the scope that an API key needs (see declarations.ts)."
directive @requires(needs: String!, scope: String!) on FIELD_DEFINITION

"Anything with an id (Relay)."
interface Node { id: ID! }

enum NodeKind { ${NODE_KINDS.join(' ')} }
enum EdgeKind { ${EDGE_KINDS.join(' ')} }
enum Resolution { ${RESOLUTIONS.join(' ')} }
enum Direction { in out both }

type PageInfo { hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String endCursor: String }

"A named body of code or documents that is analysed."
type Source implements Node {
  id: ID!
  workspaceId: ID!
  name: String!
  "Number of the newest finished analysis, 0 before the first."
  revision: Int!
  nodeCount: Int!
  edgeCount: Int!
  analyzedAt: String
  graph(revision: Int): Graph!
}
type SourceEdge { cursor: String! node: Source! }
type SourceConnection { edges: [SourceEdge!]! pageInfo: PageInfo! }

"A source as it was at one revision."
type Graph {
  sourceId: ID!
  revision: Int!
  nodes(kinds: [NodeKind!], path: String, q: String, first: Int = 20, after: String): GraphNodeConnection!
  "The shortest way along the edges; empty where there is none."
  path(from: ID!, to: ID!, edgeKinds: [EdgeKind!]): GraphPath!
  "Files that import each other in a circle, the biggest circle first."
  cycles(typeOnly: Boolean = false): [Cycle!]!
  "Nodes by importance (PageRank)."
  rank(kinds: [NodeKind!], first: Int = 20, after: String): RankConnection!
  communities(first: Int = 20, members: Int = 10): Communities!
  search(q: String!, kinds: [NodeKind!], first: Int = 20): [SearchHit!]!
  "Names that are used and were not found."
  unresolved(first: Int = 20, after: String): GraphNodeConnection!
  "What has changed since an earlier revision; applied to that graph, all pages together give this one."
  diff(from: Int!, first: Int = 100, after: String): GraphDifference!
  "Symbols that nothing uses: candidates for dead code."
  unused(exported: Boolean = false, first: Int = 20, after: String): GraphNodeConnection!
}

"A file, symbol, package, document or section."
type GraphNode implements Node {
  id: ID!
  key: String!
  kind: NodeKind!
  name: String!
  path: String!
  startLine: Int
  endLine: Int
  language: String
  exported: Boolean
  signature: String
  doc: String
  lines: Int
  own: Boolean
  "Edges that start here."
  outgoing(kinds: [EdgeKind!], first: Int = 20): [GraphEdge!]!
  "Edges that end here."
  incoming(kinds: [EdgeKind!], first: Int = 20): [GraphEdge!]!
  "What people have noted on it, newest first; notes stay with the node over all revisions."
  annotations(first: Int = 20): [Annotation!]!
  neighbors(depth: Int = 1, direction: Direction = both, kinds: [NodeKind!], edgeKinds: [EdgeKind!], first: Int = 20): Neighborhood!
  "What depends on this, nearest first."
  impact(depth: Int = 10, edgeKinds: [EdgeKind!], first: Int = 20): [ImpactItem!]!
}
type GraphNodeEdge { cursor: String! node: GraphNode! }
type GraphNodeConnection { edges: [GraphNodeEdge!]! pageInfo: PageInfo! }
type RankEdge { cursor: String! place: Int! rank: Float! node: GraphNode! }
type RankConnection { edges: [RankEdge!]! pageInfo: PageInfo! }

"A relation that reads: from KIND to."
type GraphEdge {
  id: ID!
  kind: EdgeKind!
  from: GraphNode!
  to: GraphNode!
  resolution: Resolution!
  typeOnly: Boolean!
  dynamic: Boolean!
  startLine: Int
  endLine: Int
  count: Int!
  name: String
}
type Neighborhood { nodes: [GraphNode!]! edges: [GraphEdge!]! truncated: Boolean! }
type ImpactItem { depth: Int! node: GraphNode! }
type GraphPath { found: Boolean! nodes: [GraphNode!]! edges: [GraphEdge!]! }
type Cycle { nodes: [GraphNode!]! edges: [GraphEdge!]! }
type Community { number: Int! size: Int! nodes: [GraphNode!]! }
type Communities { modularity: Float! total: Int! items: [Community!]! }
type SearchHit { score: Float! node: GraphNode! }

enum JobState { ${JOB_STATES.join(' ')} }
type JobError { code: String! message: String! }
"Work that goes on in the background."
type Job {
  id: ID!
  name: String!
  state: JobState!
  "How far it is, 0 to 1."
  progress: Float!
  "What it does now, how fast, and how long it may still take."
  phase: String
  error: JobError
  createdAt: String!
  startedAt: String
  finishedAt: String
}
type Annotation {
  id: ID!
  sourceId: ID!
  nodeId: ID!
  authorId: ID
  text: String!
  createdAt: String!
}

type GraphDifference {
  from: Int!
  revision: Int!
  added: Records!
  removed: RemovedRecords!
  changed: Records!
  "Where the next page begins; null behind the last."
  nextCursor: String
}
type Analysis { job: Job! source: Source! }

type Query {
  "Anything by its id: a source or a node of a graph."
  node(id: ID!, revision: Int): Node @requires(needs: "graph:read", scope: "graph:read")
  source(id: ID!): Source! @requires(needs: "graph:read", scope: "graph:read")
  sources(workspaceId: ID, first: Int = 20, after: String): SourceConnection! @requires(needs: "graph:read", scope: "graph:read")
  "Without a source: the newest of the workspace."
  graph(sourceId: ID, workspaceId: ID, revision: Int): Graph! @requires(needs: "graph:read", scope: "graph:read")
}

type Mutation {
  "Orders the analysis of uploads, into a new source or as the next revision of one."
  analyze(uploadIds: [ID!]!, sourceId: ID, name: String): Analysis! @requires(needs: "graph:write", scope: "graph:write")
  "Notes something on a node."
  annotate(nodeId: ID!, text: String!): Annotation! @requires(needs: "graph:annotate", scope: "graph:write")
  "Takes a note away; its id."
  deleteAnnotation(id: ID!): ID! @requires(needs: "graph:moderate", scope: "graph:write")
  "Deletes a source and its graph; its id."
  deleteSource(id: ID!): ID! @requires(needs: "graph:write", scope: "graph:write")
}

"Nodes and edges together."
type UpdateCounts { added: Int! removed: Int! changed: Int! }
type Records { nodes: [GraphNode!]! edges: [GraphEdge!]! }
type RemovedRecords { nodes: [ID!]! edges: [ID!]! }
"What a revision added, removed and changed against the one before: applied to a copy of that graph, it gives the new one."
type GraphUpdate {
  sourceId: ID!
  revision: Int!
  counts: UpdateCounts!
  "False where it is too much for an event, and the lists are empty: ask for the difference."
  complete: Boolean!
  added: Records!
  removed: RemovedRecords!
  changed: Records!
}

type Subscription {
  "A revision of a source was analysed. Where numbers are missing between two, ask for the difference."
  graphUpdated(sourceId: ID!): GraphUpdate!
  "How a job is now, then whenever that changes, until it has ended."
  jobUpdated(id: ID!): Job!
}
`

/** The schema of \`/graphql\`. Its resolvers are the methods of what the root gives (see root.ts). */
export const schema = buildSchema(SDL)

import Type, { type Static } from 'typebox'
import { Enum, Id, Ref } from '../contracts/http.ts'
import { EDGE_KINDS, NODE_KINDS } from './analysis/types.ts'
import { edges, GraphNode, head, list, nodes, which } from './model.ts'

/** What is around a node. */
export const Neighborhood = Type.Object({
  ...head,
  nodes,
  edges,
  truncated: Type.Boolean({ description: 'Whether `limit` cut something off' }),
})
export type Neighborhood = Static<typeof Neighborhood>

/** Query of the neighbours. */
export const NeighborsQuery = Type.Object(
  {
    revision: which.revision,
    depth: Type.Integer({ minimum: 1, maximum: 5, default: 1 }),
    direction: Enum(['in', 'out', 'both'], { default: 'both' }),
    kinds: list(NODE_KINDS, 'Kinds of nodes'),
    edgeKinds: list(EDGE_KINDS, 'Kinds of edges'),
    limit: Type.Integer({ minimum: 1, maximum: 1000, default: 200, description: 'Nodes at most' }),
  },
  { additionalProperties: false },
)
export type NeighborsQuery = Static<typeof NeighborsQuery>

/** What would be touched by a change of a node. */
export const Impact = Type.Object({
  ...head,
  items: Type.Array(
    Type.Object({ depth: Type.Integer({ minimum: 1, description: 'Steps away' }), node: Ref(GraphNode) }),
    { description: 'Nearest first' },
  ),
  truncated: Type.Boolean({ description: 'Whether `limit` or `depth` cut something off' }),
})
export type Impact = Static<typeof Impact>

/** Query of the impact. */
export const ImpactQuery = Type.Object(
  {
    revision: which.revision,
    depth: Type.Integer({ minimum: 1, maximum: 50, default: 10 }),
    edgeKinds: list(EDGE_KINDS, 'Kinds of edges to go back along; all dependencies unless told otherwise'),
    limit: Type.Integer({ minimum: 1, maximum: 1000, default: 200, description: 'Nodes at most' }),
  },
  { additionalProperties: false },
)
export type ImpactQuery = Static<typeof ImpactQuery>

/** The shortest way from one node to another: `nodes` in order, `edges` between them; both empty where there is none. */
export const GraphPath = Type.Object({ ...head, found: Type.Boolean(), nodes, edges })
export type GraphPath = Static<typeof GraphPath>

/** Query of the shortest way. */
export const PathQuery = Type.Object(
  { from: Id, to: Id, revision: which.revision, edgeKinds: list(EDGE_KINDS, 'Kinds of edges to go along') },
  { additionalProperties: false },
)
export type PathQuery = Static<typeof PathQuery>

/** Files that import each other in a circle. */
export const Cycles = Type.Object({
  ...head,
  items: Type.Array(Type.Object({ nodes, edges }), {
    description: 'One item for each strongly connected component, the biggest first',
  }),
})
export type Cycles = Static<typeof Cycles>

/** Query of the cycles. */
export const CyclesQuery = Type.Object(
  { ...which, typeOnly: Type.Boolean({ default: false, description: 'Whether imports of types alone count' }) },
  { additionalProperties: false },
)
export type CyclesQuery = Static<typeof CyclesQuery>

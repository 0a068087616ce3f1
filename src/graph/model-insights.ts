import Type, { type Static } from 'typebox'
import { Id, Nullable, Ref } from '../contracts/http.ts'
import { NODE_KINDS } from './analysis/types.ts'
import { GraphEdge, GraphNode, GraphSelector, list } from './model.ts'

const Count = Type.Integer({ minimum: 0 })
const head = { sourceId: Id, revision: Type.Integer() }
const nodes = Type.Array(Ref(GraphNode))
const nextCursor = Nullable(Type.String())
const cursor = Type.Optional(Type.String({ maxLength: 4000, description: '`nextCursor` of the page before' }))
const limit = Type.Integer({ minimum: 1, maximum: 1000, default: 100 })
const kinds = list(NODE_KINDS, 'Kinds of nodes')
const selector = GraphSelector.properties

/** Query of lists about a graph. */
export const InsightQuery = Type.Object({ ...selector, limit, cursor }, { additionalProperties: false })
export type InsightQuery = Static<typeof InsightQuery>

/** Query of the ranking. */
export const RankQuery = Type.Object({ ...selector, kinds, limit, cursor }, { additionalProperties: false })
export type RankQuery = Static<typeof RankQuery>

/** Nodes by importance. */
export const Ranking = Type.Object({
  ...head,
  items: Type.Array(
    Type.Object({
      place: Type.Integer({ minimum: 1, description: 'Place among all nodes, of whichever kind' }),
      rank: Type.Number({ description: 'PageRank: the ranks of all nodes that have edges add up to 1' }),
      node: Ref(GraphNode),
    }),
  ),
  nextCursor,
})
export type Ranking = Static<typeof Ranking>

/** Query of the communities. */
export const CommunitiesQuery = Type.Object(
  {
    ...selector,
    limit: Type.Integer({ minimum: 1, maximum: 200, default: 50, description: 'Communities' }),
    members: Type.Integer({
      minimum: 1,
      maximum: 100,
      default: 20,
      description: 'Nodes told of each, best connected first',
    }),
  },
  { additionalProperties: false },
)
export type CommunitiesQuery = Static<typeof CommunitiesQuery>

/** Groups of nodes. */
export const Communities = Type.Object({
  ...head,
  modularity: Type.Number({ description: 'How much better than chance the division is: 0 to 1' }),
  total: Count,
  items: Type.Array(Type.Object({ number: Count, size: Count, nodes })),
})
export type Communities = Static<typeof Communities>

/** Query of the search in a graph. */
export const GraphSearchQuery = Type.Object(
  {
    ...selector,
    kinds,
    q: Type.String({
      minLength: 1,
      maxLength: 200,
      pattern: '^[^\\u0000]*\\S[^\\u0000]*$',
      description: 'A name, a path, or words',
    }),
    limit: Type.Integer({ minimum: 1, maximum: 100, default: 20 }),
  },
  { additionalProperties: false },
)
export type GraphSearchQuery = Static<typeof GraphSearchQuery>

/** What was found in a graph, best first. */
export const GraphSearch = Type.Object({
  ...head,
  items: Type.Array(Type.Object({ score: Type.Number(), node: Ref(GraphNode) })),
})
export type GraphSearch = Static<typeof GraphSearch>

/** Names that were not found. */
export const Unresolved = Type.Object({
  ...head,
  items: Type.Array(Type.Object({ uses: Count, node: Ref(GraphNode) })),
  nextCursor,
})
export type Unresolved = Static<typeof Unresolved>

/** Query of the unused symbols. */
export const UnusedQuery = Type.Object(
  {
    ...InsightQuery.properties,
    exported: Type.Boolean({
      default: false,
      description: 'Whether exported symbols count too: right for a program, not for a library',
    }),
  },
  { additionalProperties: false },
)
export type UnusedQuery = Static<typeof UnusedQuery>

/** Symbols that nothing uses. */
export const Unused = Type.Object({ ...head, items: nodes, nextCursor })
export type Unused = Static<typeof Unused>

const RevisionNumber = (description: string) => Type.Integer({ minimum: 1, maximum: 2_147_483_647, description })
const { revision: _revision, ...which } = selector
/** Query of a difference. */
export const GraphDiffQuery = Type.Object(
  {
    ...which,
    from: RevisionNumber('The earlier revision'),
    to: Type.Optional(RevisionNumber('The later one; without it the current one')),
    limit,
    cursor,
  },
  { additionalProperties: false },
)
export type GraphDiffQuery = Static<typeof GraphDiffQuery>

const Records = Type.Object({ nodes, edges: Type.Array(Ref(GraphEdge)) })
/** How two revisions differ: a page of it. All pages together, applied to the earlier graph, give the later one. */
export const GraphDiff = Type.Object({
  ...head,
  from: Type.Integer(),
  added: Records,
  removed: Type.Object({ nodes: Type.Array(Id), edges: Type.Array(Id) }, { description: 'Ids' }),
  changed: Records,
  nextCursor,
})
export type GraphDiff = Static<typeof GraphDiff>

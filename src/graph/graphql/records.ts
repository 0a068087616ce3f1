import type { Actor } from '../../contracts/policy.ts'
import type { Annotations } from '../annotations.ts'
import type { At, GraphRepository } from '../graph-repository.ts'
import type { GraphQueries } from '../graph-service.ts'
import type { GraphEdge, GraphNode } from '../model.ts'
import type { NeighborsQuery } from '../model-walks.ts'
import { toEdge, toNode } from '../rows.ts'
import type { Traversals } from '../traversal.ts'
import { createLoader } from './loader.ts'

/** What records of one request share. */
export interface RecordDeps {
  actor: Actor
  repository: GraphRepository
  queries: GraphQueries
  traversals: Traversals
  annotations: Annotations
}

type EdgeArgs = { kinds?: string[]; first: number }
type Side = 'in' | 'out'

/** Notes read of each node. */
const MOST_NOTES = 100
/** Edges read at once for a list of nodes. */
const MOST_EDGES = 20_000
const commas = (list: readonly string[] | null | undefined) => (list?.length ? list.join(',') : undefined)

/**
 * Makes nodes and edges as GraphQL walks them, of a revision that the actor may read. The ends of edges and the edges of nodes are loaded together for all
 * records that ask in the same turn.
 */
export function createRecords({ actor, repository, queries, traversals, annotations }: RecordDeps, at: At) {
  const nodeOf = createLoader(async (ids: string[]) => {
    const rows = await repository.nodesById(at, ids)
    return new Map(rows.map((row) => [row.id, toNode(row)]))
  })
  const sides = new Map<string, (id: string) => Promise<GraphEdge[] | undefined>>()

  function edgesOf(side: Side, kinds: string[] | undefined) {
    const name = `${side} ${commas(kinds)}`
    const known = sides.get(name)
    if (known) return known
    const loader = createLoader(async (ids: string[]) => {
      const rows = await repository.edgesAround(at, ids, side, kinds, MOST_EDGES)
      const lists = new Map<string, GraphEdge[]>(ids.map((id) => [id, []]))
      for (const row of rows) lists.get(side === 'out' ? row.fromId : row.toId)?.push(toEdge(row))
      return lists
    })
    sides.set(name, loader)
    return loader
  }

  const notesOf = createLoader((ids: string[]) => annotations.of(ids, MOST_NOTES))

  const listed = (id: string, side: Side) => async (args: EdgeArgs) =>
    ((await edgesOf(side, args.kinds ?? undefined)(id)) ?? []).slice(0, args.first).map(edge)

  function node(record: GraphNode): object {
    const { id } = record
    return {
      ...record,
      __typename: 'GraphNode',
      outgoing: listed(id, 'out'),
      incoming: listed(id, 'in'),
      annotations: async ({ first }: { first: number }) => ((await notesOf(id)) ?? []).slice(0, first),
      async neighbors(args: { depth: number; direction: 'in'; kinds?: string[]; edgeKinds?: string[]; first: number }) {
        const query = { depth: args.depth, direction: args.direction, limit: args.first, revision: at.revision }
        const lists = { kinds: commas(args.kinds), edgeKinds: commas(args.edgeKinds) }
        const around = await queries.neighbors(actor, id, { ...query, ...lists } as NeighborsQuery)
        return { ...around, nodes: around.nodes.map(node), edges: around.edges.map(edge) }
      },
      async impact(args: { depth: number; edgeKinds?: string[]; first: number }) {
        const edgeKinds = commas(args.edgeKinds)
        const query = { depth: args.depth, limit: args.first, revision: at.revision, ...(edgeKinds && { edgeKinds }) }
        const { items } = await traversals.impact(actor, id, query)
        return items.map((item) => ({ depth: item.depth, node: node(item.node) }))
      },
    }
  }

  const end = async (id: string) => {
    const record = await nodeOf(id)
    return record && node(record)
  }
  function edge(record: GraphEdge): object {
    return { ...record, from: () => end(record.from), to: () => end(record.to) }
  }

  return { node, edge }
}

/** See {@link createRecords}. */
export type Records = ReturnType<typeof createRecords>

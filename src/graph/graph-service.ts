import { idAfter } from '../contracts/list.ts'
import { type Actor, demand } from '../contracts/policy.ts'
import { toPage } from '../lib/cursor.ts'
import type { Annotations } from './annotations.ts'
import type { At, GraphRepository } from './graph-repository.ts'
import type { GraphNodeDetail, GraphPage, GraphQuery, Neighborhood, NeighborsQuery } from './model.ts'
import { type EdgeRow, type NodeRow, toEdge, toNode } from './rows.ts'
import type { Sources, WorkspaceAccess } from './service.ts'

/** What the queries need. */
export interface GraphDeps {
  repository: GraphRepository
  sources: Sources
  workspaces: Pick<WorkspaceAccess, 'roleOf'>
}

/** Notes told with a node. */
const MOST_NOTES = 20

const split = (list: string | undefined) => list?.split(',')

/** Pages, nodes and neighbours of graphs, for those who may read their workspace. */
export function createGraphQueries({
  repository,
  sources,
  workspaces,
  annotations,
}: GraphDeps & { annotations: Pick<Annotations, 'of'> }) {
  async function demandNode(actor: Actor, id: string, revision: number | undefined) {
    const node = await repository.node(id, revision)
    demand(node && (await workspaces.roleOf(actor.userId, node.workspaceId)), 'graph:read', 'node')
    return node as NonNullable<typeof node>
  }

  return {
    /**
     * A page of nodes with the edges that start at them. All pages together are the part of the graph between the nodes that pass the filter.
     * @throws NOT_FOUND, INVALID_CURSOR
     */
    async page(actor: Actor, query: GraphQuery, wanted = { edges: true }): Promise<GraphPage> {
      const { source, ...at } = await sources.select(actor, query)
      const after = idAfter(query.cursor)
      const filter = { kinds: split(query.kinds), path: query.path?.replace(/\/+$/, ''), q: query.q }
      const rows = await repository.nodes(at, filter, query.limit, after)
      const { items, nextCursor } = toPage([...rows], query.limit, (row) => [row.key])
      const ids = items.map(({ id }) => id)
      const edges =
        ids.length === 0 || !wanted.edges ? [] : await repository.edgesFrom(at, ids, filter, split(query.edgeKinds))
      const counts = { nodes: source.nodes, edges: source.edges }
      return { ...at, counts, nodes: items.map(toNode), edges: edges.map(toEdge), nextCursor }
    },

    /** @throws NOT_FOUND */
    async node(actor: Actor, id: string, revision: number | undefined): Promise<GraphNodeDetail> {
      const row = await demandNode(actor, id, revision)
      const at = { sourceId: row.sourceId, revision: row.revision }
      const [degrees, notes] = await Promise.all([repository.degrees(at, id), annotations.of([id], MOST_NOTES)])
      return { ...toNode(row), ...at, ...degrees, annotations: notes.get(id) ?? [] }
    },

    /** What can be reached from a node within some steps, nearest first until the limit. @throws NOT_FOUND */
    async neighbors(actor: Actor, id: string, query: NeighborsQuery): Promise<Neighborhood> {
      const start = await demandNode(actor, id, query.revision)
      const at = { sourceId: start.sourceId, revision: start.revision }
      return { ...at, ...(await explore(repository, at, start, query)) }
    },
  }
}

/** See {@link createGraphQueries}. */
export type GraphQueries = ReturnType<typeof createGraphQueries>

/** Breadth first, one round trip a step; edges beyond twenty for each wanted node are not looked at. */
async function explore(repository: GraphRepository, at: At, start: NodeRow, query: NeighborsQuery) {
  const nodes = new Map<string, NodeRow>([[start.id, start]])
  const edges = new Map<string, EdgeRow>()
  const kinds = split(query.kinds)
  let frontier = [start.id]
  let truncated = false
  for (let step = 0; step < query.depth && frontier.length > 0; step++) {
    const most = query.limit * 20
    const around = await repository.edgesAround(at, frontier, query.direction, split(query.edgeKinds), most)
    truncated ||= around.length === most
    const ids = [...new Set(around.flatMap(({ fromId, toId }) => [fromId, toId]))].filter((id) => !nodes.has(id))
    const found = ids.length === 0 ? [] : await repository.nodesById(at, ids, kinds)
    const room = query.limit - (nodes.size - 1)
    truncated ||= found.length > room
    const kept = found.slice(0, room)
    for (const row of kept) nodes.set(row.id, row)
    for (const edge of around) if (nodes.has(edge.fromId) && nodes.has(edge.toId)) edges.set(edge.id, edge)
    frontier = kept.map(({ id }) => id)
  }
  return { nodes: [...nodes.values()].map(toNode), edges: [...edges.values()].map(toEdge), truncated }
}

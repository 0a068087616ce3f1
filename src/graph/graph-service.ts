import { idAfter } from '../contracts/list.ts'
import { type Actor, demand } from '../contracts/policy.ts'
import { toPage } from '../lib/cursor.ts'
import type { Annotations } from './annotations.ts'
import type { At, GraphRepository } from './graph-repository.ts'
import type { GraphNodeDetail, GraphPage, GraphQuery } from './model.ts'
import type { Neighborhood, NeighborsQuery } from './model-walks.ts'
import { type NodeRow, toEdge, toNode } from './rows.ts'
import type { Sources, WorkspaceAccess } from './service.ts'
import type { WalkRepository } from './walk-repository.ts'

/** What the queries need. */
export interface GraphDeps {
  repository: GraphRepository
  walks: WalkRepository
  sources: Sources
  workspaces: Pick<WorkspaceAccess, 'roleOf'>
}

/** Notes told with a node. */
const MOST_NOTES = 20

const split = (list: string | undefined) => list?.split(',')

/** Pages, nodes and neighbours of graphs, for those who may read their workspace. */
export function createGraphQueries({
  repository,
  walks,
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
      return { ...at, ...(await explore({ repository, walks }, at, start, query)) }
    },
  }
}

/** See {@link createGraphQueries}. */
export type GraphQueries = ReturnType<typeof createGraphQueries>

/** Breadth first, one round trip a step. */
async function explore(
  { repository, walks }: Pick<GraphDeps, 'repository' | 'walks'>,
  at: At,
  start: NodeRow,
  query: NeighborsQuery,
) {
  const way = { direction: query.direction, kinds: split(query.kinds), edgeKinds: split(query.edgeKinds) }
  const ids = new Set([start.id])
  const walked: string[] = []
  let frontier = [start.id]
  let truncated = false
  for (let step = 0; step < query.depth && frontier.length > 0; step++) {
    walked.push(...frontier)
    const room = query.limit - (ids.size - 1)
    // One more than fits, whichever of those that are known already are among them.
    const next = await walks.next(at, frontier, way, ids.size + room + 1)
    const fresh = next.filter((id) => !ids.has(id))
    truncated ||= fresh.length > room
    frontier = fresh.slice(0, room)
    for (const id of frontier) ids.add(id)
  }
  const all = [...ids]
  const [rows, edges] = await Promise.all([repository.nodesById(at, all), walks.between(at, walked, all, way)])
  const nodes = new Map(rows.map((row) => [row.id, row]))
  return { nodes: all.flatMap((id) => nodes.get(id) ?? []).map(toNode), edges: edges.map(toEdge), truncated }
}

import { problem } from '../contracts/errors.ts'
import { type Actor, demand } from '../contracts/policy.ts'
import type { GraphDeps } from './graph-service.ts'
import type { Cycles, CyclesQuery, GraphPath, Impact, ImpactQuery, PathQuery } from './model.ts'
import { type EdgeRow, toEdge, toNode } from './rows.ts'
import { findCycles } from './strong-components.ts'

/** Edges by which a change travels back to whoever depends on what was changed. */
export const DEPENDENCIES: readonly string[] = [
  'imports',
  'exports',
  'extends',
  'implements',
  'calls',
  'instantiates',
  'references',
]
/** Edges read for one step: beyond this the answer says that it was cut off. */
const MOST_EDGES = 20_000
/** Nodes that the search for a way looks at. */
const MOST_NODES = 50_000

/** Questions that walk the graph: what a change touches, the shortest way, circles of imports. */
export function createTraversals({ repository, sources, workspaces }: GraphDeps) {
  async function demandNode(actor: Actor, id: string, revision: number | undefined) {
    const node = await repository.node(id, revision)
    demand(node && (await workspaces.roleOf(actor.userId, node.workspaceId)), 'graph:read', 'node')
    return node as NonNullable<typeof node>
  }

  return {
    /** Who depends on a node, directly or through others, nearest first. @throws NOT_FOUND */
    async impact(actor: Actor, id: string, query: ImpactQuery): Promise<Impact> {
      const start = await demandNode(actor, id, query.revision)
      const at = { sourceId: start.sourceId, revision: start.revision }
      const kinds = query.edgeKinds?.split(',') ?? [...DEPENDENCIES]
      const depths = new Map([[id, 0]])
      let frontier = [id]
      let truncated = false
      for (let depth = 1; depth <= query.depth && frontier.length > 0 && !truncated; depth++) {
        const edges = await repository.edgesAround(at, frontier, 'in', kinds, MOST_EDGES)
        const fresh = [...new Set(edges.map(({ fromId }) => fromId))].filter((other) => !depths.has(other))
        const room = query.limit - (depths.size - 1)
        truncated = edges.length === MOST_EDGES || fresh.length > room
        frontier = fresh.slice(0, room)
        for (const other of frontier) depths.set(other, depth)
      }
      depths.delete(id)
      const rows = await repository.nodesById(at, [...depths.keys()])
      const items = rows.map((row) => ({ depth: depths.get(row.id) as number, node: toNode(row) }))
      items.sort((a, b) => a.depth - b.depth)
      return { ...at, items, truncated: truncated || frontier.length > 0 }
    },

    /** The shortest way along the direction of the edges. @throws NOT_FOUND, UNPROCESSABLE for nodes of different sources */
    async path(actor: Actor, { from, to, revision, edgeKinds }: PathQuery): Promise<GraphPath> {
      const [start, end] = [await demandNode(actor, from, revision), await demandNode(actor, to, revision)]
      if (start.sourceId !== end.sourceId)
        throw problem('UNPROCESSABLE', { detail: 'The nodes belong to different sources' })
      const at = { sourceId: start.sourceId, revision: start.revision }
      const cameBy = new Map<string, EdgeRow | undefined>([[from, undefined]])
      let frontier = [from]
      while (frontier.length > 0 && !cameBy.has(to) && cameBy.size < MOST_NODES) {
        const next: string[] = []
        for (const edge of await repository.edgesAround(at, frontier, 'out', edgeKinds?.split(','), MOST_EDGES)) {
          if (cameBy.has(edge.toId)) continue
          cameBy.set(edge.toId, edge)
          next.push(edge.toId)
        }
        frontier = next
      }
      const edges = wayBack(cameBy, to)
      if (!cameBy.has(to)) return { ...at, found: false, nodes: [], edges: [] }
      const order = [from, ...edges.map(({ toId }) => toId)]
      const rows = new Map((await repository.nodesById(at, order)).map((row) => [row.id, row]))
      const nodes = order.flatMap((id) => rows.get(id) ?? []).map(toNode)
      return { ...at, found: true, nodes, edges: edges.map(toEdge) }
    },

    /** Circles of imports between files. Those that types alone make do no harm at run time, and are left out unless asked for. */
    async cycles(actor: Actor, query: CyclesQuery): Promise<Cycles> {
      const { source: _source, ...at } = await sources.select(actor, query)
      const edges = await repository.fileImports(at, query.typeOnly)
      const ids = [...new Set(edges.flatMap(({ fromId, toId }) => [fromId, toId]))].sort()
      const index = new Map(ids.map((id, place) => [id, place]))
      const targets: number[][] = ids.map(() => [])
      for (const { fromId, toId } of edges) targets[index.get(fromId) as number]?.push(index.get(toId) as number)
      const component = new Map(
        [...findCycles(ids.length, targets)].map(([place, number]) => [ids[place] as string, number]),
      )
      const nodes = await repository.nodesById(at, [...component.keys()])
      const items = [...new Set(component.values())].map((number) => ({
        nodes: nodes.filter(({ id }) => component.get(id) === number).map(toNode),
        edges: edges
          .filter(({ fromId, toId }) => component.get(fromId) === number && component.get(toId) === number)
          .map(toEdge),
      }))
      const firstKey = (item: (typeof items)[number]) => item.nodes[0]?.key ?? ''
      items.sort((a, b) => b.nodes.length - a.nodes.length || (firstKey(a) < firstKey(b) ? -1 : 1))
      return { ...at, items }
    },
  }
}

/** See {@link createTraversals}. */
export type Traversals = ReturnType<typeof createTraversals>

/** The edges that led to a node, first one first. */
function wayBack(cameBy: ReadonlyMap<string, EdgeRow | undefined>, to: string): EdgeRow[] {
  const edges: EdgeRow[] = []
  for (let edge = cameBy.get(to); edge; edge = cameBy.get(edge.fromId)) edges.unshift(edge)
  return edges
}

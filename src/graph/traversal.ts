import { problem } from '../contracts/errors.ts'
import { type Actor, demand } from '../contracts/policy.ts'
import type { GraphDeps } from './graph-service.ts'
import type { Cycles, CyclesQuery, GraphPath, Impact, ImpactQuery, PathQuery } from './model-walks.ts'
import { toEdge, toNode } from './rows.ts'
import { shortestPath } from './shortest-path.ts'
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
export function createTraversals({ repository, walks, sources, workspaces }: GraphDeps) {
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
      const edgeKinds = query.edgeKinds?.split(',') ?? DEPENDENCIES
      const depths = new Map([[id, 0]])
      let frontier = [id]
      let truncated = false
      for (let depth = 1; depth <= query.depth && frontier.length > 0 && !truncated; depth++) {
        const room = query.limit - (depths.size - 1)
        // One more than fits, whichever of those that are known already are among them.
        const next = await walks.next(at, frontier, { direction: 'in', edgeKinds }, depths.size + room + 1)
        const fresh = next.filter((other) => !depths.has(other))
        truncated = fresh.length > room
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
      const kinds = edgeKinds?.split(',')
      const steps = await shortestPath(
        from,
        to,
        (ids, direction) => walks.steps(at, ids, { direction, edgeKinds: kinds }, MOST_EDGES),
        MOST_NODES,
      )
      if (steps === undefined) return { ...at, found: false, nodes: [], edges: [] }
      const order = [from, ...steps.map((step) => step.to)]
      const [nodeRows, edgeRows] = await Promise.all([
        repository.nodesById(at, order),
        walks.edgesById(
          at,
          steps.map(({ id }) => id),
        ),
      ])
      const nodes = new Map(nodeRows.map((row) => [row.id, toNode(row)]))
      const edges = new Map(edgeRows.map((row) => [row.id, toEdge(row)]))
      return {
        ...at,
        found: true,
        nodes: order.flatMap((id) => nodes.get(id) ?? []),
        edges: steps.flatMap(({ id }) => edges.get(id) ?? []),
      }
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

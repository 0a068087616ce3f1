/** An edge that can be walked, by the ids of its ends. */
interface Walked {
  id: string
  from: string
  to: string
}

/** Edges that start at some nodes (`out`), or end at them (`in`), in a stable order. */
export type Expand<Edge> = (ids: string[], direction: 'out' | 'in') => Promise<Edge[]>

/** One of the two searches: how each node was come to, and the nodes that were come to last. */
interface Side<Edge> {
  direction: 'out' | 'in'
  cameBy: Map<string, Edge | undefined>
  frontier: string[]
}

/**
 * The edges of a shortest way, first one first, by breadth-first searches from both ends, the smaller of which goes on. Undefined where there is none,
 * or none was found among `most` nodes.
 */
export async function shortestPath<Edge extends Walked>(
  from: string,
  to: string,
  expand: Expand<Edge>,
  most: number,
): Promise<Edge[] | undefined> {
  if (from === to) return []
  const start: Side<Edge> = { direction: 'out', cameBy: new Map([[from, undefined]]), frontier: [from] }
  const end: Side<Edge> = { direction: 'in', cameBy: new Map([[to, undefined]]), frontier: [to] }
  while (start.cameBy.size + end.cameBy.size < most) {
    if (start.frontier.length === 0 || end.frontier.length === 0) return undefined
    const [side, other] = start.frontier.length <= end.frontier.length ? [start, end] : [end, start]
    side.frontier = goOn(side, await expand(side.frontier, side.direction))
    const met = side.frontier.filter((id) => other.cameBy.has(id)).sort()[0]
    if (met !== undefined) return [...wayTo(start, met).reverse(), ...wayTo(end, met)]
  }
  return undefined
}

/** Notes whatever was not come to before; the nodes that are new. */
function goOn<Edge extends Walked>({ direction, cameBy }: Side<Edge>, edges: readonly Edge[]): string[] {
  const fresh: string[] = []
  for (const edge of edges) {
    const id = direction === 'out' ? edge.to : edge.from
    if (cameBy.has(id)) continue
    cameBy.set(id, edge)
    fresh.push(id)
  }
  return fresh
}

/** The edges between a node and the root of a search, from the node on. */
function wayTo<Edge extends Walked>({ direction, cameBy }: Side<Edge>, id: string): Edge[] {
  const edges: Edge[] = []
  for (let edge = cameBy.get(id); edge; edge = cameBy.get(direction === 'out' ? edge.from : edge.to)) edges.push(edge)
  return edges
}

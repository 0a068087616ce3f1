import type { GraphBuilder } from '../link/builder.ts'
import type { Linked } from '../link/link.ts'
import type { GraphEdge, GraphNode } from '../types.ts'

/**
 * Takes out of a builder what belongs to some files: their nodes, the edges that start at them, and nodes outside of all files (packages, names that
 * were not found) that these edges lead to and that no manifest makes by itself.
 */
export function partOf(
  builder: GraphBuilder,
  paths: ReadonlySet<string>,
  { frame }: Pick<Linked, 'frame'>,
): { nodes: GraphNode[]; edges: GraphEdge[] } {
  const { nodes, edges } = builder.finish()
  const isOwn = ({ key }: GraphNode) => {
    const hash = key.indexOf('#')
    return paths.has(hash < 0 ? key : key.slice(0, hash))
  }
  const kept = nodes.filter((node) => isOwn(node) || !frame.has(node.key))
  const own = new Set(kept.filter(isOwn).map(({ id }) => id))
  return { nodes: kept, edges: edges.filter(({ from }) => own.has(from)) }
}

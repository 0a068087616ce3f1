import type { AnalysisResult } from './analysis/types.ts'
import type { GraphUpdate } from './model.ts'
import type { SourceCounts } from './model-sources.ts'
import type { Difference, GraphDifference } from './writer/index.ts'

/** An update holds at most so many characters of JSON; a bigger one is read page by page from `/api/graph/diff`. */
const MOST_CHARACTERS = 200_000

/** How many nodes and edges there are after a revision. */
export function countsAfter(
  before: SourceCounts,
  { scope, stats }: Pick<AnalysisResult, 'scope' | 'stats'>,
  difference: GraphDifference,
): SourceCounts {
  if (scope === undefined) return { nodes: stats.nodes, edges: stats.edges }
  const grown = ({ size }: Difference) => size.added - size.removed
  return { nodes: before.nodes + grown(difference.nodes), edges: before.edges + grown(difference.edges) }
}

/** Sizes of a difference, nodes and edges together. */
export function sizesOf({ nodes, edges }: GraphDifference): { added: number; removed: number; changed: number } {
  const size = (of: keyof Difference['size']) => nodes.size[of] + edges.size[of]
  return { added: size('added'), removed: size('removed'), changed: size('changed') }
}

/** What is told of a new revision: the difference itself where it is small, else its sizes alone. */
export function updateOf(head: { sourceId: string; revision: number }, difference: GraphDifference): GraphUpdate {
  const nothing: GraphUpdate = {
    ...head,
    counts: sizesOf(difference),
    complete: false,
    added: { nodes: [], edges: [] },
    removed: { nodes: [], edges: [] },
    changed: { nodes: [], edges: [] },
  }
  if (difference.records === undefined) return nothing
  const nodes = new Map(difference.records.nodes.map((node) => [node.id, node]))
  const edges = new Map(difference.records.edges.map((edge) => [edge.id, edge]))
  const records = (of: 'added' | 'changed') => ({
    nodes: difference.nodes[of].flatMap((id) => nodes.get(id) ?? []),
    edges: difference.edges[of].flatMap((id) => edges.get(id) ?? []),
  })
  const whole: GraphUpdate = {
    ...nothing,
    complete: true,
    added: records('added'),
    removed: { nodes: difference.nodes.removed, edges: difference.edges.removed },
    changed: records('changed'),
  }
  return JSON.stringify(whole).length > MOST_CHARACTERS ? nothing : whole
}

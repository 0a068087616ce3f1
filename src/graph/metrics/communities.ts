import { UndirectedGraph } from 'graphology'
import louvain from 'graphology-communities-louvain'
import type { Links } from './page-rank.ts'

/** Which community each node is in, and how much better than chance the division is. */
export interface Division {
  community: Int32Array
  modularity: number
}

/** The default export of a CommonJS module, as TypeScript's `nodenext` sees it. */
const { detailed } = louvain as unknown as typeof louvain.default

/** Random numbers that are the same in every run (mulberry32): the same graph has the same communities. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/**
 * Communities by the Louvain method (Blondel et al., "Fast unfolding of communities in large networks", 2008), on the undirected graph in which parallel
 * edges weigh more.
 */
export function divide({ size, from, to }: Links): Division {
  const graph = new UndirectedGraph()
  for (let node = 0; node < size; node++) graph.addNode(node)
  for (let edge = 0; edge < from.length; edge++) {
    const [a, b] = [from[edge] as number, to[edge] as number]
    if (a === b) continue
    graph.updateEdge(a, b, ({ weight = 0 }) => ({ weight: (weight as number) + 1 }))
  }
  const community = new Int32Array(size)
  if (graph.size === 0) return { community: community.map((_, node) => node), modularity: 0 }
  const { communities, modularity } = detailed(graph, { rng: seeded(1), getEdgeWeight: 'weight' })
  for (const [node, number] of Object.entries(communities)) community[Number(node)] = number
  return { community, modularity }
}

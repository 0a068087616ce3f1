/** A directed graph by places: edge i leads from `from[i]` to `to[i]`, both below `size`. */
export interface Links {
  size: number
  from: Int32Array
  to: Int32Array
}

const DAMPING = 0.85
const TOLERANCE = 1e-9
const MOST_ROUNDS = 100

/**
 * PageRank (Brin and Page, "The anatomy of a large-scale hypertextual web search engine", 1998) by power iteration; what nodes without outgoing edges hold
 * is spread over all. The ranks add up to 1.
 */
export function pageRank({ size, from, to }: Links): Float64Array {
  let rank = new Float64Array(size).fill(1 / size)
  const out = new Int32Array(size)
  for (const node of from) out[node] = (out[node] as number) + 1
  for (let round = 0; round < MOST_ROUNDS; round++) {
    let lost = 0
    for (let node = 0; node < size; node++) if (out[node] === 0) lost += rank[node] as number
    const next = new Float64Array(size).fill((1 - DAMPING) / size + (DAMPING * lost) / size)
    for (let edge = 0; edge < from.length; edge++) {
      const source = from[edge] as number
      const target = to[edge] as number
      next[target] = (next[target] as number) + (DAMPING * (rank[source] as number)) / (out[source] as number)
    }
    let moved = 0
    for (let node = 0; node < size; node++) moved += Math.abs((next[node] as number) - (rank[node] as number))
    rank = next
    if (moved < TOLERANCE) break
  }
  return rank
}

import type { Cache } from '../contracts/cache.ts'
import { problem } from '../contracts/errors.ts'
import type { Actor } from '../contracts/policy.ts'
import type { Retrieval } from '../contracts/retrieval.ts'
import { decodeCursor, encodeCursor, toPage } from '../lib/cursor.ts'
import type { At, GraphRepository } from './graph-repository.ts'
import type { InsightRepository } from './insight-repository.ts'
import type { Links } from './metrics/page-rank.ts'
import { metrics } from './metrics/run.ts'
import type {
  Communities,
  CommunitiesQuery,
  GraphDiff,
  GraphDiffQuery,
  GraphSearch,
  GraphSearchQuery,
  InsightQuery,
  Ranking,
  RankQuery,
  Unresolved,
  Unused,
  UnusedQuery,
} from './model-insights.ts'
import { toEdge, toNode } from './rows.ts'
import type { Sources } from './service.ts'

/** What the insights need. */
export interface InsightDeps {
  graph: GraphRepository
  repository: InsightRepository
  sources: Sources
  cache: Pick<Cache, 'wrap'>
  retrieval: Retrieval
}

/** Edges that say that one thing needs another. */
const NEEDS = [
  'imports',
  'exports',
  'extends',
  'implements',
  'calls',
  'instantiates',
  'references',
  'links',
  'mentions',
]
/** A revision never changes: its answers are kept for long. */
const KEPT_MS = 24 * 60 * 60 * 1000
/** How deep the lists go that a search fuses. */
const SEARCHED = 100
/** Ranks are kept and told for so many nodes. */
const MOST_RANKED = 5000

/** Questions about whole graphs. The costly ones are worked out in a thread of their own, and once for each revision. */
export function createInsights({ graph, repository, sources, cache, retrieval }: InsightDeps) {
  const once = <T>(at: At, what: string, work: () => Promise<T>): Promise<T> =>
    cache.wrap(`graph:${at.sourceId}:${at.revision}:${what}`, { ttlMs: KEPT_MS, tags: [`source:${at.sourceId}`] }, work)

  async function linksOf(at: At): Promise<{ ids: string[]; links: Links }> {
    const place = new Map<string, number>()
    const [from, to]: [number[], number[]] = [[], []]
    const placeOf = (id: string) => {
      const known = place.get(id)
      if (known !== undefined) return known
      place.set(id, place.size)
      return place.size - 1
    }
    for await (const batch of repository.links(at, NEEDS)) {
      for (const edge of batch) {
        from.push(placeOf(edge.from))
        to.push(placeOf(edge.to))
      }
    }
    return { ids: [...place.keys()], links: { size: place.size, from: Int32Array.from(from), to: Int32Array.from(to) } }
  }

  async function ranked(at: At): Promise<[id: string, rank: number][]> {
    return once(at, 'rank', async () => {
      const { ids, links } = await linksOf(at)
      if (ids.length === 0) return []
      const rank = await metrics.rank(links)
      const order = ids.map((id, place): [string, number] => [id, rank[place] as number])
      return order.sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, MOST_RANKED)
    })
  }

  const divided = (at: At) =>
    once(at, 'communities', async () => {
      const { ids, links } = await linksOf(at)
      if (ids.length === 0) return { modularity: 0, groups: [] as string[][] }
      const { community, modularity } = await metrics.communities(links)
      const degree = new Int32Array(ids.length)
      for (const end of [...links.from, ...links.to]) degree[end] = (degree[end] as number) + 1
      const groups = new Map<number, number[]>()
      for (const [place, number] of community.entries()) groups.set(number, [...(groups.get(number) ?? []), place])
      const byDegree = (a: number, b: number) => (degree[b] as number) - (degree[a] as number) || a - b
      const sorted = [...groups.values()].sort((a, b) => b.length - a.length || (a[0] as number) - (b[0] as number))
      return { modularity, groups: sorted.map((group) => group.sort(byDegree).map((place) => ids[place] as string)) }
    })

  const after = (cursor: string | undefined, types: readonly ('string' | 'number')[]) => {
    if (cursor === undefined) return []
    const keys = decodeCursor(cursor, types)
    if (keys === undefined) throw problem('INVALID_CURSOR')
    return keys
  }

  return {
    /** Nodes that much depends on, the most important first (PageRank). @throws NOT_FOUND, INVALID_CURSOR */
    async rank(actor: Actor, query: RankQuery): Promise<Ranking> {
      const { source: _source, ...at } = await sources.select(actor, query)
      const start = (after(query.cursor, ['number'])[0] as number | undefined) ?? 0
      const kinds = query.kinds?.split(',')
      const items: Ranking['items'] = []
      let place = start
      const all = await ranked(at)
      while (items.length < query.limit && place < all.length) {
        const slice = all.slice(place, place + query.limit * 2)
        const rows = new Map(
          (
            await graph.nodesById(
              at,
              slice.map(([id]) => id),
              kinds,
            )
          ).map((row) => [row.id, row]),
        )
        for (const [id, rank] of slice) {
          if (items.length === query.limit) break
          place++
          const row = rows.get(id)
          if (row) items.push({ place, rank, node: toNode(row) })
        }
      }
      return {
        ...at,
        items,
        nextCursor: place < all.length ? encodeCursor([place]) : null,
      }
    },

    /** Groups of nodes that have more to do with each other than with the rest (Louvain), the biggest first. @throws NOT_FOUND */
    async communities(actor: Actor, query: CommunitiesQuery): Promise<Communities> {
      const { source: _source, ...at } = await sources.select(actor, query)
      const { modularity, groups } = await divided(at)
      const shown = groups.slice(0, query.limit)
      const ids = shown.flatMap((group) => group.slice(0, query.members))
      const rows = new Map((await graph.nodesById(at, ids)).map((row) => [row.id, toNode(row)]))
      const items = shown.map((group, number) => ({
        number,
        size: group.length,
        nodes: group.slice(0, query.members).flatMap((id) => rows.get(id) ?? []),
      }))
      return { ...at, modularity, total: groups.length, items }
    },

    /** Nodes by name, path and text. @throws NOT_FOUND */
    async search(actor: Actor, query: GraphSearchQuery): Promise<GraphSearch> {
      const { source, ...at } = await sources.select(actor, query)
      const kinds = query.kinds?.split(',')
      const q = query.q.trim()
      const scope = { workspaceId: source.workspaceId, sourceId: at.sourceId }
      const [byName, { passages }] = await Promise.all([
        repository.named(at, q, kinds, SEARCHED),
        retrieval.search(q, scope, SEARCHED),
      ])
      const scores = fuseRanks([byName, passages.flatMap(({ nodeId }) => nodeId ?? [])])
      const rows = await graph.nodesById(at, [...scores.keys()], kinds)
      const items = rows.map((row) => ({ score: scores.get(row.id) ?? 0, node: toNode(row) }))
      items.sort((a, b) => b.score - a.score || (a.node.key < b.node.key ? -1 : 1))
      return { ...at, items: items.slice(0, query.limit) }
    },

    /** Names that are used and were not found. @throws NOT_FOUND, INVALID_CURSOR */
    async unresolved(actor: Actor, query: InsightQuery): Promise<Unresolved> {
      const { source: _source, ...at } = await sources.select(actor, query)
      const [key] = after(query.cursor, ['string'])
      const rows = await repository.unresolved(at, query.limit, key as string | undefined)
      const { items, nextCursor } = toPage([...rows], query.limit, (row) => [row.key])
      return { ...at, items: items.map(({ uses, ...row }) => ({ uses, node: toNode(row) })), nextCursor }
    },

    /** Symbols that nothing in the source uses. Candidates: what is called from outside, by name or by a framework is not seen. @throws NOT_FOUND, INVALID_CURSOR */
    async unused(actor: Actor, query: UnusedQuery): Promise<Unused> {
      const { source: _source, ...at } = await sources.select(actor, query)
      const [key] = after(query.cursor, ['string'])
      const rows = await repository.unused(at, query.exported, query.limit, key as string | undefined)
      const { items, nextCursor } = toPage([...rows], query.limit, (row) => [row.key])
      return { ...at, items: items.map(toNode), nextCursor }
    },

    /** How a later revision differs from an earlier one: first the nodes, then the edges. @throws NOT_FOUND, INVALID_CURSOR, UNPROCESSABLE */
    async diff(actor: Actor, query: GraphDiffQuery): Promise<GraphDiff> {
      const { source, ...at } = await sources.select(actor, { ...query, revision: query.from })
      const to = query.to ?? source.revision
      if (to > source.revision) throw problem('NOT_FOUND', { detail: 'No such revision' })
      if (to < at.revision) throw problem('UNPROCESSABLE', { detail: '`from` is the earlier revision' })
      const [what = 'n', id] = after(query.cursor, ['string', 'string']) as string[]
      const nodes = what === 'n' ? await repository.changedNodes(at, to, query.limit, id) : []
      const room = query.limit - nodes.length
      const edges = room > 0 ? await repository.changedEdges(at, to, room, what === 'e' ? id : undefined) : []
      return { sourceId: at.sourceId, from: at.revision, revision: to, ...changesOf(nodes, edges, query.limit) }
    },
  }
}

/** Reciprocal rank fusion of lists of ids. */
function fuseRanks(lists: readonly (readonly string[])[]): Map<string, number> {
  const scores = new Map<string, number>()
  for (const list of lists) {
    for (const [at, id] of list.entries()) scores.set(id, (scores.get(id) ?? 0) + 1 / (61 + at))
  }
  return scores
}

/** See {@link createInsights}. */
export type Insights = ReturnType<typeof createInsights>

type Changes<Row> = { id: string; change: 'added' | 'removed' | 'changed'; row: Row | undefined }[]

/** Sorts changes into a page; one more than `limit` was asked for, so that the cursor is known. */
function changesOf(
  nodes: Changes<Parameters<typeof toNode>[0]>,
  edges: Changes<Parameters<typeof toEdge>[0]>,
  limit: number,
): Pick<GraphDiff, 'added' | 'removed' | 'changed' | 'nextCursor'> {
  const all = [
    ...nodes.map((one) => ({ ...one, kind: 'n' as const, item: one.row && toNode(one.row) })),
    ...edges.map((one) => ({ ...one, kind: 'e' as const, item: one.row && toEdge(one.row) })),
  ]
  const page = toPage(all, limit, ({ kind, id }) => [kind, id])
  const of = (kind: 'n' | 'e', change: 'added' | 'changed') =>
    page.items.filter((one) => one.kind === kind && one.change === change).map(({ item }) => item as never)
  const gone = (kind: 'n' | 'e') =>
    page.items.filter((one) => one.kind === kind && one.change === 'removed').map(({ id }) => id)
  return {
    added: { nodes: of('n', 'added'), edges: of('e', 'added') },
    removed: { nodes: gone('n'), edges: gone('e') },
    changed: { nodes: of('n', 'changed'), edges: of('e', 'changed') },
    // All nodes fitted exactly: the edges begin on the next page.
    nextCursor:
      page.nextCursor ??
      (edges.length === 0 && nodes.length === limit
        ? encodeCursor(['e', '00000000-0000-0000-0000-000000000000'])
        : null),
  }
}

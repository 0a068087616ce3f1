import { problem } from '../../contracts/errors.ts'
import type { Actor } from '../../contracts/policy.ts'
import { encodeCursor } from '../../lib/cursor.ts'
import { isId } from '../../lib/ids.ts'
import type { Annotations } from '../annotations.ts'
import type { GraphRepository } from '../graph-repository.ts'
import type { GraphQueries } from '../graph-service.ts'
import type { Insights } from '../insights.ts'
import type { Source } from '../model-sources.ts'
import type { Sources } from '../service.ts'
import type { Traversals } from '../traversal.ts'
import { createRecords } from './records.ts'

/** The services that GraphQL asks: the same as REST, with the same rights. */
export interface GraphqlDeps {
  sources: Sources
  queries: GraphQueries
  traversals: Traversals
  insights: Insights
  annotations: Annotations
  repository: GraphRepository
}

interface Selector {
  sourceId?: string | null
  workspaceId?: string | null
  revision?: number | null
}
type PageArgs = { first: number; after?: string | null }

const MOST = 100

/** Arguments that REST checks by its schemas. */
function pageOf({ first, after }: PageArgs): { limit: number; cursor?: string } {
  if (first < 1 || first > MOST) throw problem('VALIDATION_FAILED', { detail: `first must be from 1 to ${MOST}` })
  return after === undefined || after === null ? { limit: first } : { limit: first, cursor: after }
}
function idOf(id: string): string {
  if (!isId(id)) throw problem('VALIDATION_FAILED', { detail: 'An id must be a UUID' })
  return id
}
const given = <T extends object>(args: T) =>
  Object.fromEntries(Object.entries(args).filter(([, value]) => value !== null && value !== undefined))
const commas = (list: readonly string[] | null | undefined) => (list?.length ? { kinds: list.join(',') } : {})

/** A page as a connection. The cursor of an edge is that of a page which would end with it. */
function connection<Item extends { node: object }>(
  items: (Item & { keys: readonly (string | number)[] })[],
  nextCursor: string | null,
) {
  const edges = items.map(({ keys, ...item }) => ({ ...item, cursor: encodeCursor(keys) }))
  const pageInfo = {
    hasNextPage: nextCursor !== null,
    // Lists are read forwards only.
    hasPreviousPage: false,
    startCursor: edges[0]?.cursor ?? null,
    endCursor: edges.at(-1)?.cursor ?? null,
  }
  return { edges, pageInfo }
}

/** The root of one request: an object whose methods are the fields of Query and Mutation. */
export function createRoot(deps: GraphqlDeps, actor: Actor) {
  const { sources, queries, traversals, insights } = deps
  const recordsAt = (sourceId: string, revision: number) => createRecords({ ...deps, actor }, { sourceId, revision })

  const sourceRecord = ({ nodes, edges, ...source }: Source): object => ({
    ...source,
    __typename: 'Source',
    nodeCount: nodes,
    edgeCount: edges,
    graph: ({ revision }: { revision?: number | null }) => graph({ sourceId: source.id, ...given({ revision }) }),
  })

  async function graph(selector: Selector): Promise<object> {
    if (selector.sourceId) idOf(selector.sourceId)
    if (selector.workspaceId) idOf(selector.workspaceId)
    const { sourceId, revision } = await sources.select(actor, given(selector))
    const records = recordsAt(sourceId, revision)
    const at = { sourceId, revision }
    const listed = (items: Parameters<typeof records.node>[0][], nextCursor: string | null) =>
      connection(
        items.map((item) => ({ node: records.node(item), keys: [item.key] })),
        nextCursor,
      )
    return {
      ...at,
      async nodes({ kinds, path, q, ...page }: PageArgs & { kinds?: string[]; path?: string; q?: string }) {
        const found = await queries.page(
          actor,
          { ...at, ...given({ path, q }), ...commas(kinds), ...pageOf(page) },
          { edges: false },
        )
        return listed(found.nodes, found.nextCursor)
      },
      async path({ from, to, edgeKinds }: { from: string; to: string; edgeKinds?: string[] }) {
        const kinds = edgeKinds?.length ? { edgeKinds: edgeKinds.join(',') } : {}
        const way = await traversals.path(actor, { from: idOf(from), to: idOf(to), revision, ...kinds })
        return { ...way, nodes: way.nodes.map(records.node), edges: way.edges.map(records.edge) }
      },
      async cycles({ typeOnly }: { typeOnly: boolean }) {
        const { items } = await traversals.cycles(actor, { ...at, typeOnly })
        return items.map(({ nodes, edges }) => ({ nodes: nodes.map(records.node), edges: edges.map(records.edge) }))
      },
      async rank({ kinds, ...page }: PageArgs & { kinds?: string[] }) {
        const { items, nextCursor } = await insights.rank(actor, { ...at, ...commas(kinds), ...pageOf(page) })
        return connection(
          items.map(({ place, rank, node }) => ({ place, rank, node: records.node(node), keys: [place] })),
          nextCursor,
        )
      },
      async communities({ first, members }: { first: number; members: number }) {
        pageOf({ first: members })
        const found = await insights.communities(actor, { ...at, ...pageOf({ first }), members })
        return { ...found, items: found.items.map((item) => ({ ...item, nodes: item.nodes.map(records.node) })) }
      },
      async search({ q, kinds, first }: { q: string; kinds?: string[]; first: number }) {
        const { items } = await insights.search(actor, { ...at, q, ...commas(kinds), ...pageOf({ first }) })
        return items.map(({ score, node }) => ({ score, node: records.node(node) }))
      },
      async diff({ from, ...page }: PageArgs & { from: number }) {
        const query = { sourceId, from, to: revision, ...pageOf(page) }
        const { nextCursor, added, removed, changed } = await insights.diff(actor, query)
        const shown = ({ nodes, edges }: typeof added) => ({
          nodes: nodes.map(records.node),
          edges: edges.map(records.edge),
        })
        return { from, revision, added: shown(added), removed, changed: shown(changed), nextCursor }
      },
      async unresolved(page: PageArgs) {
        const { items, nextCursor } = await insights.unresolved(actor, { ...at, ...pageOf(page) })
        return listed(
          items.map(({ node }) => node),
          nextCursor,
        )
      },
      async unused({ exported, ...page }: PageArgs & { exported: boolean }) {
        const { items, nextCursor } = await insights.unused(actor, { ...at, exported, ...pageOf(page) })
        return listed(items, nextCursor)
      },
    }
  }

  const orNone = async (work: Promise<object>): Promise<object | null> => {
    try {
      return await work
    } catch (error) {
      if ((error as { code?: string }).code === 'NOT_FOUND') return null
      throw error
    }
  }

  return {
    graph,
    source: async ({ id }: { id: string }) => sourceRecord(await sources.get(actor, idOf(id))),
    async sources({ workspaceId, ...page }: PageArgs & { workspaceId?: string | null }) {
      const { items, nextCursor } = await sources.list(actor, {
        ...given({ workspaceId: workspaceId && idOf(workspaceId) }),
        ...pageOf(page),
      })
      return connection(
        items.map((source) => ({ node: sourceRecord(source), keys: [source.id] })),
        nextCursor,
      )
    },
    node: ({ id, revision }: { id: string; revision?: number | null }) =>
      orNone(
        queries
          .node(actor, idOf(id), revision ?? undefined)
          .then(({ sourceId, revision, inDegree: _in, outDegree: _out, annotations: _notes, ...node }) =>
            recordsAt(sourceId, revision).node(node),
          )
          .catch(async (error: { code?: string }) => {
            if (error.code !== 'NOT_FOUND') throw error
            return sourceRecord(await sources.get(actor, id))
          }),
      ),
    async analyze(args: { uploadIds: string[]; sourceId?: string | null; name?: string | null }) {
      const uploadIds = args.uploadIds.map(idOf)
      if (uploadIds.length === 0 || uploadIds.length > MOST)
        throw problem('VALIDATION_FAILED', { detail: `uploadIds must be 1 to ${MOST}` })
      const { job, source } = await sources.analyze(actor, {
        uploadIds,
        ...given({ sourceId: args.sourceId && idOf(args.sourceId), name: args.name }),
      })
      return { job, source: sourceRecord(source) }
    },
    async annotate({ nodeId, text }: { nodeId: string; text: string }) {
      return deps.annotations.add(actor, idOf(nodeId), text)
    },
    async deleteAnnotation({ id }: { id: string }) {
      await deps.annotations.remove(actor, idOf(id))
      return id
    },
    async deleteSource({ id }: { id: string }) {
      await sources.remove(actor, idOf(id), undefined)
      return id
    },
  }
}

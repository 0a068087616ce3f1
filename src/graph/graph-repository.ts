import type { PendingQuery, Row, Sql } from 'postgres'
import { type At, edgeColumnsOf, nodeColumnsOf, rowsAt } from './columns.ts'
import type { EdgeRow, NodeRow } from './rows.ts'

type Db = Sql<{ bigint: number }>
type Fragment = PendingQuery<Row[]>

export type { At } from './columns.ts'

/** Which nodes are wanted. */
export interface NodeFilter {
  kinds?: string[] | undefined
  path?: string | undefined
  q?: string | undefined
}

const escapeLike = (text: string) => text.replace(/[\\%_]/g, '\\$&')

/** Reads of graphs. Knows no rights. */
export function createGraphRepository(sql: Db) {
  const nodeColumns = nodeColumnsOf(sql)
  const edgeColumns = edgeColumnsOf(sql)
  const nodesAt = (at: At) => rowsAt(sql, 'n', at)
  const edgesAt = (at: At) => rowsAt(sql, 'e', at)

  function filtered({ kinds, path, q }: NodeFilter): Fragment {
    const inPath = path === undefined ? sql`` : sql`and (n.path = ${path} or n.path like ${`${escapeLike(path)}/%`})`
    const like = q === undefined ? sql`` : sql`and n.key ilike ${`%${escapeLike(q)}%`}`
    return sql`${kinds === undefined ? sql`` : sql`and n.kind = any(${kinds}::text[])`} ${inPath} ${like}`
  }

  const ofKinds = (kinds: string[] | undefined) =>
    kinds === undefined ? sql`` : sql`and e.kind = any(${kinds}::text[])`

  return {
    /** Nodes in the order of their keys, one more than `limit`. */
    async nodes(at: At, filter: NodeFilter, limit: number, after: string | undefined): Promise<NodeRow[]> {
      return sql<NodeRow[]>`select ${nodeColumns} from graph_nodes n where ${nodesAt(at)} ${filtered(filter)}
        ${after === undefined ? sql`` : sql`and n.key collate "C" > ${after}`} order by n.key collate "C" limit ${limit + 1}`
    },

    /** Edges that start at one of the nodes and end at a node that passes the filter. */
    async edgesFrom(at: At, ids: string[], filter: NodeFilter, kinds: string[] | undefined): Promise<EdgeRow[]> {
      const isFiltered = Object.values(filter).some((value) => value !== undefined)
      const ends = isFiltered
        ? sql`and exists (select from graph_nodes n where n.id = e.to_id and ${nodesAt(at)} ${filtered(filter)})`
        : sql``
      return sql<EdgeRow[]>`select ${edgeColumns} from graph_edges e
        where e.from_id = any(${ids}::uuid[]) and ${edgesAt(at)} ${ofKinds(kinds)} ${ends} order by e.kind, e.id`
    },

    /** A node as of a revision, else as of its source's current one, with the workspace it belongs to. */
    async node(id: string, revision: number | undefined) {
      const rows = await sql<(NodeRow & { workspaceId: string; revision: number })[]>`
        select ${nodeColumns}, s.workspace_id as "workspaceId", coalesce(${revision ?? null}::int, s.revision) as revision
        from graph_nodes n join sources s on s.id = n.source_id and s.deleted_at is null
        where n.id = ${id} and n.from_revision <= coalesce(${revision ?? null}::int, s.revision)
          and (n.to_revision is null or n.to_revision > coalesce(${revision ?? null}::int, s.revision))
          and coalesce(${revision ?? null}::int, s.revision) <= s.revision`
      return rows[0]
    },

    async degrees(at: At, id: string): Promise<{ inDegree: number; outDegree: number }> {
      const rows = await sql<{ inDegree: number; outDegree: number }[]>`select
        (select count(*)::int from graph_edges e where e.to_id = ${id} and ${edgesAt(at)}) as "inDegree",
        (select count(*)::int from graph_edges e where e.from_id = ${id} and ${edgesAt(at)}) as "outDegree"`
      return rows[0] as { inDegree: number; outDegree: number }
    },

    async nodesById(at: At, ids: string[], kinds?: string[]): Promise<NodeRow[]> {
      return sql<NodeRow[]>`select ${nodeColumns} from graph_nodes n
        where n.id = any(${ids}::uuid[]) and ${nodesAt(at)} ${filtered({ kinds })} order by n.key collate "C"`
    },

    /** Edges that touch the nodes from the given side, at most `limit`. */
    async edgesAround(
      at: At,
      ids: string[],
      direction: 'in' | 'out' | 'both',
      kinds: string[] | undefined,
      limit: number,
    ): Promise<EdgeRow[]> {
      const out = sql`e.from_id = any(${ids}::uuid[])`
      const into = sql`e.to_id = any(${ids}::uuid[])`
      const side = direction === 'out' ? out : direction === 'in' ? into : sql`(${out} or ${into})`
      return sql<EdgeRow[]>`select ${edgeColumns} from graph_edges e
        where ${side} and ${edgesAt(at)} ${ofKinds(kinds)} order by e.kind, e.id limit ${limit}`
    },

    /** Files and documents, for the picture. */
    async files(at: At): Promise<{ path: string; language: string | undefined; lines: number }[]> {
      return sql<{ path: string; language: string | undefined; lines: number }[]>`
        select n.path, n.attributes->>'language' as language, coalesce((n.attributes->>'lines')::int, 0) as lines
        from graph_nodes n where ${nodesAt(at)} and n.kind in ('file', 'document') order by n.path collate "C"`
    },

    /** Imports and links between files, those of sections counted for their documents. */
    async fileEdges(at: At): Promise<{ from: string; to: string; kind: 'imports' | 'links'; typeOnly: boolean }[]> {
      return sql<{ from: string; to: string; kind: 'imports' | 'links'; typeOnly: boolean }[]>`
        with n as materialized (select n.id, n.path from graph_nodes n where ${nodesAt(at)} and n.kind in ('file', 'document', 'section'))
        select a.path as "from", b.path as "to", e.kind, bool_and(e.type_only) as "typeOnly"
        from graph_edges e join n a on a.id = e.from_id join n b on b.id = e.to_id
        where ${edgesAt(at)} and e.kind in ('imports', 'links') and a.path <> b.path
        group by 1, 2, 3 order by 1, 2, 3`
    },

    /** Imports from file to file; those of types alone only when asked for. */
    async fileImports(at: At, typeOnly: boolean): Promise<EdgeRow[]> {
      return sql<EdgeRow[]>`select ${edgeColumns} from graph_edges e
        where ${edgesAt(at)} and e.kind = 'imports' ${typeOnly ? sql`` : sql`and not e.type_only`}
          and exists (select from graph_nodes n where n.id = e.to_id and n.kind = 'file' and ${nodesAt(at)}) order by e.id`
    },

    /** All nodes in the order of their keys, in batches. */
    allNodes: (at: At, kinds?: string[]): AsyncIterable<NodeRow[]> =>
      sql<NodeRow[]>`select ${nodeColumns} from graph_nodes n where ${nodesAt(at)} ${filtered({ kinds })}
        order by n.key collate "C"`.cursor(1000),

    /** All edges in the order of their ids, in batches. */
    allEdges: (at: At, kinds?: string[]): AsyncIterable<EdgeRow[]> =>
      sql<
        EdgeRow[]
      >`select ${edgeColumns} from graph_edges e where ${edgesAt(at)} ${ofKinds(kinds)} order by e.id`.cursor(2000),
  }
}

/** See {@link createGraphRepository}. */
export type GraphRepository = ReturnType<typeof createGraphRepository>

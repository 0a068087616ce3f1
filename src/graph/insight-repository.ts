import type { Sql } from 'postgres'
import { type At, edgeColumnsOf, nodeColumnsOf, rowsAt } from './columns.ts'
import type { EdgeRow, NodeRow } from './rows.ts'

type Db = Sql<{ bigint: number }>

/** How one node or edge differs between two revisions. `row` is as it is in the later one; undefined for what is gone. */
export interface Change<Row> {
  id: string
  change: 'added' | 'removed' | 'changed'
  row: Row | undefined
}

/** Reads for questions about whole graphs. Knows no rights. */
export function createInsightRepository(sql: Db) {
  const nodes = (at: At) => rowsAt(sql, 'n', at)
  const edges = (at: At) => rowsAt(sql, 'e', at)
  const nodeColumns = nodeColumnsOf(sql)
  const edgeColumns = edgeColumnsOf(sql)

  const KINDS = {
    nodes: { table: sql`graph_nodes`, as: 'n', columns: nodeColumns },
    edges: { table: sql`graph_edges`, as: 'e', columns: edgeColumns },
  } as const

  /** Nodes or edges that differ between two revisions, by id. */
  async function changes<Row extends { id: string }>(
    kind: keyof typeof KINDS,
    at: At,
    { to, limit, after }: { to: number; limit: number; after: string | undefined },
  ): Promise<Change<Row>[]> {
    const { table, as, columns } = KINDS[kind]
    const now = sql(as)
    const rows = await sql<(Row & { changeId: string; change: Change<Row>['change'] })[]>`
      with old as (select * from ${table} ${now} where ${rowsAt(sql, as, at)}),
        new as (select * from ${table} ${now} where ${rowsAt(sql, as, { ...at, revision: to })})
      select coalesce(${now}.id, o.id) as "changeId",
        case when o.id is null then 'added' when ${now}.id is null then 'removed' else 'changed' end as change, ${columns}
      from old o full join new ${now} using (id)
      where (o.id is null or ${now}.id is null or o.from_revision <> ${now}.from_revision)
        ${after === undefined ? sql`` : sql`and coalesce(${now}.id, o.id) > ${after}`}
      order by 1 limit ${limit + 1}`
    return rows.map(({ changeId, change, ...row }) => ({
      id: changeId,
      change,
      row: row.id === null ? undefined : (row as unknown as Row),
    }))
  }

  return {
    /** Ends of all edges of the kinds, between nodes of whichever kind. */
    links: (at: At, kinds: readonly string[]): AsyncIterable<{ from: string; to: string }[]> =>
      sql<{ from: string; to: string }[]>`select e.from_id as "from", e.to_id as "to" from graph_edges e
        where ${edges(at)} and e.kind = any(${kinds as string[]}::text[]) order by e.id`.cursor(5000),

    /** Ids of nodes whose names or paths look like a text, the most alike first. */
    async named(at: At, q: string, kinds: string[] | undefined, limit: number): Promise<string[]> {
      const pattern = `%${q.replace(/[\\%_]/g, '\\$&')}%`
      const rows = await sql<{ id: string }[]>`select n.id from graph_nodes n
        where ${nodes(at)} and (n.key ilike ${pattern} or n.key % ${q})
          ${kinds === undefined ? sql`` : sql`and n.kind = any(${kinds}::text[])`}
        order by (lower(n.name) = lower(${q})) desc, (n.name ilike ${pattern}) desc, similarity(n.name, ${q}) desc,
          length(n.key), n.key collate "C" limit ${limit}`
      return rows.map(({ id }) => id)
    },

    /** Names that lead nowhere, with whoever uses them, in the order of their keys. */
    async unresolved(at: At, limit: number, after: string | undefined): Promise<(NodeRow & { uses: number })[]> {
      return sql<(NodeRow & { uses: number })[]>`select ${nodeColumns},
          (select coalesce(sum(e.count), 0)::int from graph_edges e where e.to_id = n.id and ${edges(at)}) as uses
        from graph_nodes n where ${nodes(at)} and n.kind = 'unresolved'
          ${after === undefined ? sql`` : sql`and n.key collate "C" > ${after}`} order by n.key collate "C" limit ${limit + 1}`
    },

    /** Symbols that nothing in the source uses: no edge leads to them but from what holds them, and their file gives them to nobody. */
    async unused(at: At, exported: boolean, limit: number, after: string | undefined): Promise<NodeRow[]> {
      return sql<NodeRow[]>`select ${nodeColumns} from graph_nodes n
        where ${nodes(at)} and n.kind in ('function', 'class', 'method', 'variable', 'interface', 'type', 'enum')
          ${exported ? sql`` : sql`and coalesce((n.attributes->>'exported')::boolean, false) = false`}
          and n.name not in ('constructor', 'default', '__init__', 'main')
          ${after === undefined ? sql`` : sql`and n.key collate "C" > ${after}`}
          and not exists (select from graph_edges e where e.to_id = n.id and ${edges(at)} and e.from_id <> n.id
            and e.kind in ('calls', 'instantiates', 'references', 'extends', 'implements', 'imports', 'exports'))
          and not exists (select from graph_edges d join graph_edges e on e.to_id = d.to_id and ${edges(at)}
            and e.kind in ('calls', 'instantiates', 'references') and e.from_id <> n.id
            where d.from_id = n.id and d.kind = 'defines' and ${rowsAt(sql, 'd', at)})
        order by n.key collate "C" limit ${limit + 1}`
    },

    /** Nodes that differ between the revision `at` and the later one `to`, by id. */
    changedNodes: (at: At, to: number, limit: number, after: string | undefined) =>
      changes<NodeRow>('nodes', at, { to, limit, after }),

    /** As `changedNodes`, for edges. */
    changedEdges: (at: At, to: number, limit: number, after: string | undefined) =>
      changes<EdgeRow>('edges', at, { to, limit, after }),
  }
}

/** See {@link createInsightRepository}. */
export type InsightRepository = ReturnType<typeof createInsightRepository>

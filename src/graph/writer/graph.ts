import type { PendingQuery, Row, TransactionSql } from 'postgres'
import { edgeColumnsOf, nodeColumnsOf } from '../columns.ts'
import type { GraphEdge, GraphNode } from '../model.ts'
import { type EdgeRow, type NodeRow, toEdge, toNode } from '../rows.ts'
import { TABLES, type Table, type WriteAt } from './lines.ts'

type Fragment = PendingQuery<Row[]>
type Db = Parameters<typeof nodeColumnsOf>[0]

/** Nodes or edges by which a revision differs from the one before, as far as they are few: ids, and how many they are in any case. */
export interface Difference {
  added: string[]
  removed: string[]
  changed: string[]
  size: { added: number; removed: number; changed: number }
}

/** How a revision differs from the one before. */
export interface GraphDifference {
  nodes: Difference
  edges: Difference
  /** What is new or different, as it is now; undefined where that is much. */
  records: { nodes: GraphNode[]; edges: GraphEdge[] } | undefined
}

/** How a revision differs that is as the one before. */
export function noDifference(): GraphDifference {
  const none = (): Difference => ({ added: [], removed: [], changed: [], size: { added: 0, removed: 0, changed: 0 } })
  return { nodes: none(), edges: none(), records: { nodes: [], edges: [] } }
}

/** A difference of so many nodes and edges is few. */
const FEW = 500

/** What the analysis has sent. */
interface Sent {
  nodes: number
  edges: number
  scope: readonly string[] | undefined
}

/** Where the rows of a revision go first: the tables themselves for the first one, else beside what is there. */
export const incoming = ({ revision }: WriteAt, table: Table) => (revision === 1 ? table : `incoming_${table}`)

/** Makes the tables that rows of a later revision go to. */
export async function prepare(sql: TransactionSql, at: WriteAt): Promise<void> {
  if (at.revision === 1) return
  for (const table of Object.keys(TABLES) as Table[])
    await sql`create temp table ${sql(incoming(at, table))} (like ${sql(table)}) on commit drop`
}

/**
 * Puts a revision next to the earlier ones: what is gone or different ends before it, what is new or different starts with it, what is the same
 * stays untouched.
 */
export async function mergeGraph(sql: TransactionSql, at: WriteAt, sent: Sent): Promise<GraphDifference> {
  if (at.revision === 1) return firstGraph(sql, at, sent)
  const { scope } = sent
  for (const table of ['graph_nodes', 'graph_edges'] as const) await sql`analyze ${sql(incoming(at, table))}`
  if (scope) await markScope(sql, at.sourceId, scope)
  // Led by the few nodes in question to their rows by index; a planner without fresh statistics would rather read the whole table.
  const old = (table: string, column: string) =>
    scope ? sql`scope_nodes s join ${sql(table)} o on o.${sql(column)} = s.id` : sql`${sql(table)} o`
  const current = scope ? sql`o.to_revision is null` : sql`o.source_id = ${at.sourceId} and o.to_revision is null`
  const nodes = await merge(sql, 'graph_nodes', at, { from: old('graph_nodes', 'id'), current })
  const edges = await merge(sql, 'graph_edges', at, { from: old('graph_edges', 'from_id'), current })
  if (scope) {
    nodes.removed.push(...(await endLonely(sql, at, [...edges.removed, ...edges.changed])))
    nodes.size.removed = nodes.removed.length
  }
  return withRecords(sql, nodes, edges)
}

async function firstGraph(
  sql: TransactionSql,
  { sourceId }: WriteAt,
  { nodes, edges }: Sent,
): Promise<GraphDifference> {
  const isFew = nodes + edges <= FEW
  const added = async (table: Table, size: number): Promise<Difference> => {
    const rows = isFew ? await sql<{ id: string }[]>`select id from ${sql(table)} where source_id = ${sourceId}` : []
    return { added: rows.map(({ id }) => id), removed: [], changed: [], size: { added: size, removed: 0, changed: 0 } }
  }
  return withRecords(sql, await added('graph_nodes', nodes), await added('graph_edges', edges))
}

async function withRecords(sql: TransactionSql, nodes: Difference, edges: Difference): Promise<GraphDifference> {
  const count = ({ size }: Difference) => size.added + size.removed + size.changed
  if (count(nodes) + count(edges) > FEW) return { nodes, edges, records: undefined }
  const held = ({ added, changed }: Difference) => [...added, ...changed]
  const columns = sql as unknown as Db
  const nodeRows = await sql<NodeRow[]>`select ${nodeColumnsOf(columns)} from graph_nodes n
    where n.id = any(${held(nodes)}::uuid[]) and n.to_revision is null`
  const edgeRows = await sql<EdgeRow[]>`select ${edgeColumnsOf(columns)} from graph_edges e
    where e.id = any(${held(edges)}::uuid[]) and e.to_revision is null`
  return { nodes, edges, records: { nodes: nodeRows.map(toNode), edges: edgeRows.map(toEdge) } }
}

/** Notes the current nodes of some files: the file itself and whatever has its path before a `#`. */
async function markScope(sql: TransactionSql, sourceId: string, paths: readonly string[]): Promise<void> {
  const current = sql`n.source_id = ${sourceId} and n.to_revision is null`
  await sql`create temp table scope_nodes on commit drop as
    select n.id from unnest(${paths as string[]}::text[]) as p(path) join graph_nodes n on ${current} and n.key collate "C" = p.path
    union all
    select n.id from unnest(${paths as string[]}::text[]) as p(path) join graph_nodes n on ${current}
      and n.key collate "C" >= p.path || '#' and n.key collate "C" < p.path || '$'`
  await sql`analyze scope_nodes`
}

/** Makes the `old` rows (`o`) the incoming ones. Columns are compared, the first three being id, source and revision. */
async function merge(
  sql: TransactionSql,
  table: 'graph_nodes' | 'graph_edges',
  at: WriteAt,
  old: { from: Fragment; current: Fragment },
): Promise<Difference> {
  const columns = TABLES[table]
  const arrived = sql(incoming(at, table))
  const list = (prefix: string) =>
    sql.unsafe(
      columns
        .slice(3)
        .map((column) => `${prefix}.${column}`)
        .join(', '),
    )
  const ended = await sql<{ id: string; gone: boolean }[]>`
    select o.id, n.id is null as gone
    from ${old.from} left join ${arrived} n on n.id = o.id
    where ${old.current} and (n.id is null or (${list('o')}) is distinct from (${list('n')}))`
  const endedIds = ended.map(({ id }) => id)
  await sql`update ${sql(table)} set to_revision = ${at.revision} where id = any(${endedIds}::uuid[]) and to_revision is null`
  const started = await sql<{ id: string }[]>`
    insert into ${sql(table)} (${sql(columns)})
    select ${sql.unsafe(columns.map((column) => `n.${column}`).join(', '))} from ${arrived} n
    where not exists (select from ${sql(table)} o where o.id = n.id and o.to_revision is null)
    returning id`
  const changed = new Set(ended.filter(({ gone }) => !gone).map(({ id }) => id))
  const difference = {
    added: started.map(({ id }) => id).filter((id) => !changed.has(id)),
    removed: ended.filter(({ gone }) => gone).map(({ id }) => id),
    changed: [...changed],
  }
  const { added, removed } = difference
  return { ...difference, size: { added: added.length, removed: removed.length, changed: changed.size } }
}

/** Ends packages of others and names that were not found, once nothing leads to them any more: only where one of the `ended` edges led can be such. */
async function endLonely(sql: TransactionSql, { revision }: WriteAt, ended: string[]): Promise<string[]> {
  if (ended.length === 0) return []
  const rows = await sql<{ id: string }[]>`
    update graph_nodes n set to_revision = ${revision}
    where n.to_revision is null and n.from_revision < ${revision}
      and (n.kind = 'unresolved' or (n.kind = 'package' and n.attributes->>'own' = 'false'))
      and n.id in (select e.to_id from graph_edges e where e.id = any(${ended}::uuid[]) and e.to_revision = ${revision})
      and not exists (select from graph_edges e where e.to_id = n.id and e.to_revision is null)
    returning n.id`
  return rows.map(({ id }) => id)
}

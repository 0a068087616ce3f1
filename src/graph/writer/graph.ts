import type { PendingQuery, Row, TransactionSql } from 'postgres'
import type { AnalysisResult, GraphEdge, GraphNode } from '../analysis/types.ts'
import { copy, json, line } from './copy.ts'

type Fragment = PendingQuery<Row[]>

/** Ids of the nodes or edges by which a revision differs from the one before. */
export interface Difference {
  added: string[]
  removed: string[]
  changed: string[]
}

/** How a revision differs from the one before. */
export interface GraphDifference {
  nodes: Difference
  edges: Difference
}

/** Where a graph is written to. */
export interface WriteAt {
  sourceId: string
  revision: number
}

const MAX_COUNT = 32_767
const NODE_COLUMNS = [
  ...['id', 'source_id', 'from_revision', 'key', 'kind', 'name', 'path', 'start_line', 'end_line', 'attributes'],
]
const EDGE_COLUMNS = [
  ...['id', 'source_id', 'from_revision', 'kind', 'from_id', 'to_id', 'resolution', 'type_only', 'dynamic'],
  ...['start_line', 'end_line', 'count', 'name'],
]

function nodeLine({ sourceId, revision }: WriteAt, node: GraphNode): string {
  const { id, key, kind, name, path, startLine, endLine, ...attributes } = node
  return line([id, sourceId, revision, key, kind, name, path, startLine, endLine, json(attributes)])
}

function edgeLine({ sourceId, revision }: WriteAt, edge: GraphEdge): string {
  const { id, kind, from, to, resolution, typeOnly, dynamic, startLine, endLine, count, name } = edge
  const first = [id, sourceId, revision, kind, from, to, resolution, typeOnly, dynamic]
  return line([...first, startLine, endLine, Math.min(count, MAX_COUNT), name])
}

const allAdded = (items: readonly { id: string }[]): Difference => ({
  added: items.map(({ id }) => id),
  removed: [],
  changed: [],
})

/**
 * Writes a revision next to the earlier ones: what is gone or different ends before it, what is new or different starts with it, what is the same
 * stays untouched.
 */
export async function writeGraph(
  sql: TransactionSql,
  at: WriteAt,
  result: Pick<AnalysisResult, 'nodes' | 'edges' | 'scope'>,
): Promise<GraphDifference> {
  const { nodes, edges, scope } = result
  if (at.revision === 1) {
    await copy(sql, 'graph_nodes', NODE_COLUMNS, nodes, (node) => nodeLine(at, node))
    await copy(sql, 'graph_edges', EDGE_COLUMNS, edges, (edge) => edgeLine(at, edge))
    return { nodes: allAdded(nodes), edges: allAdded(edges) }
  }
  await takeIn(sql, 'graph_nodes', NODE_COLUMNS, nodes, (node) => nodeLine(at, node))
  await takeIn(sql, 'graph_edges', EDGE_COLUMNS, edges, (edge) => edgeLine(at, edge))
  if (scope) await markScope(sql, at.sourceId, scope)
  // Led by the few nodes in question to their rows by index; a planner without fresh statistics would rather read the whole table.
  const old = (table: string, column: string) =>
    scope ? sql`scope_nodes s join ${sql(table)} o on o.${sql(column)} = s.id` : sql`${sql(table)} o`
  const current = scope ? sql`o.to_revision is null` : sql`o.source_id = ${at.sourceId} and o.to_revision is null`
  const nodesNow = await merge(sql, 'graph_nodes', NODE_COLUMNS, at, { from: old('graph_nodes', 'id'), current })
  const edgesNow = await merge(sql, 'graph_edges', EDGE_COLUMNS, at, { from: old('graph_edges', 'from_id'), current })
  if (scope) nodesNow.removed.push(...(await endLonely(sql, at)))
  return { nodes: nodesNow, edges: edgesNow }
}

async function takeIn<T>(
  sql: TransactionSql,
  table: string,
  columns: string[],
  items: readonly T[],
  toLine: (item: T) => string,
): Promise<void> {
  await sql`create temp table ${sql(`incoming_${table}`)} (like ${sql(table)}) on commit drop`
  await copy(sql, `incoming_${table}`, columns, items, toLine)
  await sql`analyze ${sql(`incoming_${table}`)}`
}

/** Notes the current nodes of some files: the file itself and whatever has its path before a `#`. */
async function markScope(sql: TransactionSql, sourceId: string, paths: readonly string[]): Promise<void> {
  const current = sql`n.source_id = ${sourceId} and n.to_revision is null`
  await sql`create temp table scope_nodes on commit drop as
    select n.id from unnest(${paths}::text[]) as p(path) join graph_nodes n on ${current} and n.key collate "C" = p.path
    union all
    select n.id from unnest(${paths}::text[]) as p(path) join graph_nodes n on ${current}
      and n.key collate "C" >= p.path || '#' and n.key collate "C" < p.path || '$'`
  await sql`analyze scope_nodes`
}

/** Makes the `old` rows (`o`) the incoming ones. Columns are compared, the first three being id, source and revision. */
async function merge(
  sql: TransactionSql,
  table: string,
  columns: string[],
  { revision }: WriteAt,
  old: { from: Fragment; current: Fragment },
): Promise<Difference> {
  const incoming = sql(`incoming_${table}`)
  const list = (prefix: string) =>
    sql.unsafe(
      columns
        .slice(3)
        .map((column) => `${prefix}.${column}`)
        .join(', '),
    )
  const ended = await sql<{ id: string; gone: boolean }[]>`
    select o.id, n.id is null as gone
    from ${old.from} left join ${incoming} n on n.id = o.id
    where ${old.current} and (n.id is null or (${list('o')}) is distinct from (${list('n')}))`
  const endedIds = ended.map(({ id }) => id)
  await sql`update ${sql(table)} set to_revision = ${revision} where id = any(${endedIds}::uuid[]) and to_revision is null`
  const started = await sql<{ id: string }[]>`
    insert into ${sql(table)} (${sql(columns)})
    select ${sql.unsafe(columns.map((column) => `n.${column}`).join(', '))} from ${incoming} n
    where not exists (select from ${sql(table)} o where o.id = n.id and o.to_revision is null)
    returning id`
  const changed = new Set(ended.filter(({ gone }) => !gone).map(({ id }) => id))
  return {
    added: started.map(({ id }) => id).filter((id) => !changed.has(id)),
    removed: ended.filter(({ gone }) => gone).map(({ id }) => id),
    changed: [...changed],
  }
}

/** Ends packages of others and names that were not found, once nothing leads to them any more. */
async function endLonely(sql: TransactionSql, { sourceId, revision }: WriteAt): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    update graph_nodes n set to_revision = ${revision}
    where n.source_id = ${sourceId} and n.to_revision is null and n.from_revision < ${revision}
      and (n.kind = 'unresolved' or (n.kind = 'package' and n.attributes->>'own' = 'false'))
      and n.id in (select e.to_id from graph_edges e where e.source_id = ${sourceId} and e.to_revision = ${revision})
      and not exists (select from graph_edges e where e.to_id = n.id and e.to_revision is null)
    returning n.id`
  return rows.map(({ id }) => id)
}

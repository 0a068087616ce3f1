import type { PendingQuery, Row, Sql } from 'postgres'

type Db = Sql<{ bigint: number }>
type Fragment = PendingQuery<Row[]>

/** A source as it was at one revision. */
export interface At {
  sourceId: string
  revision: number
}

/** The columns of a node under the alias `n`. */
export const nodeColumnsOf = (sql: Db): Fragment =>
  sql`n.id, n.source_id as "sourceId", n.key, n.kind, n.name, n.path, n.start_line as "startLine",
    n.end_line as "endLine", n.attributes`

/** The columns of an edge under the alias `e`. */
export const edgeColumnsOf = (sql: Db): Fragment =>
  sql`e.id, e.kind, e.from_id as "fromId", e.to_id as "toId", e.resolution, e.type_only as "typeOnly",
    e.dynamic, e.start_line as "startLine", e.end_line as "endLine", e.count, e.name`

/** The rows of a table that hold at a revision. */
export const rowsAt = (sql: Db, alias: 'n' | 'e' | 'd', { sourceId, revision }: At): Fragment => {
  const column = (name: string) => sql`${sql(alias)}.${sql(name)}`
  return sql`${column('source_id')} = ${sourceId} and ${column('from_revision')} <= ${revision}
    and (${column('to_revision')} is null or ${column('to_revision')} > ${revision})`
}

import { once } from 'node:events'
import type { TransactionSql } from 'postgres'
import { stableId } from './analysis/ids.ts'
import type { AnalysisResult, GraphEdge, GraphNode, Passage } from './analysis/types.ts'

/** How a revision differs from the one before, in nodes and edges. */
export interface Delta {
  added: number
  removed: number
  changed: number
}

const MAX_COUNT = 32_767

/** Value of one column in COPY's text format. PostgreSQL takes neither NUL nor half a surrogate pair. */
function field(value: string | number | boolean | null | undefined): string {
  if (value === null || value === undefined) return '\\N'
  if (typeof value !== 'string') return String(value)
  return clean(value).replace(/[\\\n\r\t]/g, (c) =>
    c === '\\' ? '\\\\' : c === '\n' ? '\\n' : c === '\r' ? '\\r' : '\\t',
  )
}

function clean(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '').toWellFormed() : text.toWellFormed()
}

const line = (values: Parameters<typeof field>[0][]) => `${values.map(field).join('\t')}\n`

/** JSON whose strings PostgreSQL takes. */
const json = (value: object) =>
  JSON.stringify(value, (_key, item: unknown) => (typeof item === 'string' ? clean(item) : item))

function nodeLine(sourceId: string, revision: number, node: GraphNode): string {
  const { id, key, kind, name, path, startLine, endLine, ...attributes } = node
  return line([id, sourceId, revision, key, kind, name, path, startLine, endLine, json(attributes)])
}

function edgeLine(sourceId: string, revision: number, edge: GraphEdge): string {
  const { id, kind, from, to, resolution, typeOnly, dynamic, startLine, endLine, count, name } = edge
  const occurrences = Math.min(count, MAX_COUNT)
  return line([
    id,
    sourceId,
    revision,
    kind,
    from,
    to,
    resolution,
    typeOnly,
    dynamic,
    startLine,
    endLine,
    occurrences,
    name,
  ])
}

const NODE_COLUMNS = [
  'id',
  'source_id',
  'from_revision',
  'key',
  'kind',
  'name',
  'path',
  'start_line',
  'end_line',
  'attributes',
]
const EDGE_COLUMNS = [
  ...['id', 'source_id', 'from_revision', 'kind', 'from_id', 'to_id', 'resolution', 'type_only', 'dynamic'],
  ...['start_line', 'end_line', 'count', 'name'],
]
const PASSAGE_COLUMNS = [
  'id',
  'workspace_id',
  'source_id',
  'upload_id',
  'path',
  'start_line',
  'end_line',
  'node_id',
  'kind',
  'title',
  'text',
]

/** Copies lines into a table, a few hundred at a time, waiting where the connection is slower. */
async function copy<T>(
  sql: TransactionSql,
  table: string,
  columns: string[],
  items: readonly T[],
  toLine: (item: T) => string,
) {
  if (items.length === 0) return
  const stream = await sql`copy ${sql(table)} (${sql(columns)}) from stdin`.writable()
  for (let at = 0; at < items.length; at += 500) {
    if (
      !stream.write(
        items
          .slice(at, at + 500)
          .map(toLine)
          .join(''),
      )
    )
      await once(stream, 'drain')
  }
  stream.end()
  await once(stream, 'finish')
}

/**
 * Makes the rows of a table those of the new revision: what is gone or different ends before it, what is new or different starts with it,
 * what is the same stays untouched. `columns` are compared, the first three being id, source and revision.
 */
async function mergeRevision(
  sql: TransactionSql,
  table: string,
  columns: string[],
  sourceId: string,
  revision: number,
): Promise<Delta> {
  const incoming = `incoming_${table}`
  const compared = columns.slice(3)
  const list = (prefix: string) => sql.unsafe(compared.map((column) => `${prefix}.${column}`).join(', '))
  await sql`analyze ${sql(incoming)}`
  const ended = await sql<{ gone: boolean }[]>`
    update ${sql(table)} old set to_revision = ${revision}
    from (select o.id, o.from_revision, n.id is null as gone
          from ${sql(table)} o left join ${sql(incoming)} n on n.id = o.id
          where o.source_id = ${sourceId} and o.to_revision is null
            and (n.id is null or (${list('o')}) is distinct from (${list('n')}))) as stale
    where old.id = stale.id and old.from_revision = stale.from_revision
    returning stale.gone`
  const started = await sql`
    insert into ${sql(table)} (${sql(columns)})
    select ${sql.unsafe(columns.map((column) => `n.${column}`).join(', '))} from ${sql(incoming)} n
    where not exists (select from ${sql(table)} o where o.id = n.id and o.to_revision is null)`
  const removed = ended.filter(({ gone }) => gone).length
  const changed = ended.length - removed
  return { added: started.count - changed, removed, changed }
}

async function writeTable<T>(
  sql: TransactionSql,
  table: string,
  columns: string[],
  items: readonly T[],
  toLine: (item: T) => string,
  at: { sourceId: string; revision: number },
): Promise<Delta> {
  if (at.revision === 1) {
    await copy(sql, table, columns, items, toLine)
    return { added: items.length, removed: 0, changed: 0 }
  }
  const incoming = `incoming_${table}`
  await sql`create temp table ${sql(incoming)} (like ${sql(table)}) on commit drop`
  await copy(sql, incoming, columns, items, toLine)
  return mergeRevision(sql, table, columns, at.sourceId, at.revision)
}

/** Writes nodes and edges of a revision next to those of the earlier ones. */
export async function writeGraph(
  sql: TransactionSql,
  at: { sourceId: string; revision: number },
  result: Pick<AnalysisResult, 'nodes' | 'edges'>,
): Promise<Delta> {
  const { sourceId, revision } = at
  const nodes = await writeTable(
    sql,
    'graph_nodes',
    NODE_COLUMNS,
    result.nodes,
    (node) => nodeLine(sourceId, revision, node),
    at,
  )
  const edges = await writeTable(
    sql,
    'graph_edges',
    EDGE_COLUMNS,
    result.edges,
    (edge) => edgeLine(sourceId, revision, edge),
    at,
  )
  return {
    added: nodes.added + edges.added,
    removed: nodes.removed + edges.removed,
    changed: nodes.changed + edges.changed,
  }
}

/** Replaces the passages of a source: only the current revision is searched. Those that did not change stay as they are. */
export async function writePassages(
  sql: TransactionSql,
  at: { sourceId: string; workspaceId: string },
  passages: readonly Passage[],
  uploadOf: (path: string) => string | undefined,
): Promise<void> {
  const { sourceId, workspaceId } = at
  const wanted = new Map<string, Passage>()
  for (const passage of passages) wanted.set(passageId(sourceId, passage), passage)
  const known = await sql<{ id: string; uploadId: string | null; path: string }[]>`
    select id, upload_id as "uploadId", path from passages where source_id = ${sourceId}`
  const gone = known.filter(({ id }) => !wanted.has(id)).map(({ id }) => id)
  if (gone.length > 0) await sql`delete from passages where id = any(${gone}::uuid[])`
  for (const { id } of known) wanted.delete(id)
  await moveToUploads(sql, sourceId, known, uploadOf)
  await copy(sql, 'passages', PASSAGE_COLUMNS, [...wanted], ([id, passage]) => {
    const { path, startLine, endLine, nodeId, kind, title, text } = passage
    return line([id, workspaceId, sourceId, uploadOf(path), path, startLine, endLine, nodeId, kind, title, text])
  })
}

/** Passages that stayed come from other uploads now. */
async function moveToUploads(
  sql: TransactionSql,
  sourceId: string,
  known: readonly { uploadId: string | null; path: string }[],
  uploadOf: (path: string) => string | undefined,
): Promise<void> {
  const moved = new Map<string, string>()
  for (const { path, uploadId } of known) {
    const now = uploadOf(path)
    if (now !== undefined && now !== uploadId) moved.set(path, now)
  }
  if (moved.size === 0) return
  await sql`update passages p set upload_id = m.upload_id
    from unnest(${[...moved.keys()]}::text[], ${[...moved.values()]}::uuid[]) as m(path, upload_id)
    where p.source_id = ${sourceId} and p.path = m.path`
}

/** The same text on the same lines of the same node is the same passage. */
function passageId(sourceId: string, { path, startLine, endLine, nodeKey, kind, title, text }: Passage): string {
  return stableId(sourceId, ['passage', path, startLine, endLine, nodeKey, kind, title, text].join('\0'))
}

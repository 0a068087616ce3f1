import type { TransactionSql } from 'postgres'
import { stableId } from '../analysis/ids.ts'
import type { Passage, Plan } from '../analysis/types.ts'
import { copy, line } from './copy.ts'

const COLUMNS = [
  ...['id', 'workspace_id', 'source_id', 'path', 'start_line', 'end_line', 'node_id', 'kind', 'title', 'text'],
]

/** Drops the passages of the files that are going to be read again, or are gone. */
export async function clearPassages(sql: TransactionSql, sourceId: string, plan: Plan): Promise<void> {
  const paths = [...plan.changed, ...plan.gone]
  if (plan.fresh) await sql`delete from passages where source_id = ${sourceId}`
  else if (paths.length > 0) await sql`delete from passages where source_id = ${sourceId} and path = any(${paths})`
}

/** Adds passages; those that are told twice are written once. */
export async function addPassages(
  sql: TransactionSql,
  at: { sourceId: string; workspaceId: string },
  passages: readonly Passage[],
): Promise<void> {
  const { sourceId, workspaceId } = at
  const byId = new Map(passages.map((passage) => [passageId(sourceId, passage), passage]))
  await copy(sql, 'passages', COLUMNS, [...byId], ([id, passage]) => {
    const { path, startLine, endLine, nodeId, kind, title, text } = passage
    return line([id, workspaceId, sourceId, path, startLine, endLine, nodeId, kind, title, text])
  })
}

/** The same text on the same lines of the same node is the same passage. */
function passageId(sourceId: string, { path, startLine, endLine, nodeKey, kind, title, text }: Passage): string {
  return stableId(sourceId, ['passage', path, startLine, endLine, nodeKey, kind, title, text].join('\0'))
}

/** Writes down which upload each file of the current revision comes from. */
export async function writeFiles(
  sql: TransactionSql,
  sourceId: string,
  uploadOf: ReadonlyMap<string, string>,
): Promise<void> {
  await sql`delete from source_files where source_id = ${sourceId}`
  await copy(sql, 'source_files', ['source_id', 'path', 'upload_id'], [...uploadOf], ([path, uploadId]) =>
    line([sourceId, path, uploadId]),
  )
}

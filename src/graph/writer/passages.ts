import type { TransactionSql } from 'postgres'
import type { Plan } from '../analysis/types.ts'
import { copy, line } from './copy.ts'

/** Drops the passages of the files that are going to be read again, or are gone. */
export async function clearPassages(sql: TransactionSql, sourceId: string, plan: Plan): Promise<void> {
  const paths = [...plan.changed, ...plan.gone]
  if (plan.fresh) await sql`delete from passages where source_id = ${sourceId}`
  else if (paths.length > 0) await sql`delete from passages where source_id = ${sourceId} and path = any(${paths})`
}

/** Writes down which upload each file of the current revision comes from. */
export async function writeFiles(
  sql: TransactionSql,
  sourceId: string,
  uploadOf: ReadonlyMap<string, string>,
): Promise<void> {
  await sql`delete from source_files where source_id = ${sourceId}`
  const lines = [...uploadOf].map(([path, uploadId]) => line([sourceId, path, uploadId]))
  await copy(sql, 'source_files', ['source_id', 'path', 'upload_id'], Buffer.from(lines.join('')))
}

import type { TransactionSql } from 'postgres'
import type { Plan } from '../analysis/types.ts'
import { copy, line } from './copy.ts'
import { TABLES } from './lines.ts'

/**
 * Makes the passages that have arrived those of the files that were read, and drops those of files that are gone. A passage that is the same stays
 * untouched: finding the words of its text is most of what it costs.
 */
export async function mergePassages(
  sql: TransactionSql,
  { sourceId, arrived }: { sourceId: string; arrived: string },
  { fresh, changed, gone }: Plan,
): Promise<void> {
  const paths = [...changed, ...gone]
  if (!fresh && paths.length === 0) return
  await sql`analyze ${sql(arrived)}`
  await sql`delete from passages p where p.source_id = ${sourceId} ${fresh ? sql`` : sql`and p.path = any(${paths})`}
    and not exists (select from ${sql(arrived)} n where n.id = p.id)`
  const columns = TABLES.passages
  await sql`insert into passages (${sql(columns)}) select ${sql(columns)} from ${sql(arrived)} n
    where not exists (select from passages p where p.id = n.id)`
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

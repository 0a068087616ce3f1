import { once } from 'node:events'
import type { TransactionSql } from 'postgres'

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

/** One row of COPY's text format. */
export const line = (values: Parameters<typeof field>[0][]) => `${values.map(field).join('\t')}\n`

/** JSON whose strings PostgreSQL takes. */
export const json = (value: object) =>
  JSON.stringify(value, (_key, item: unknown) => (typeof item === 'string' ? clean(item) : item))

/** Copies lines into a table. */
export async function copy(sql: TransactionSql, table: string, columns: string[], lines: Uint8Array): Promise<void> {
  if (lines.length === 0) return
  const stream = await sql`copy ${sql(table)} (${sql(columns)}) from stdin`.writable()
  stream.end(lines)
  await once(stream, 'finish')
}

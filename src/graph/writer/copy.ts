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

/** One row of COPY's text format. A join and no template: that is a tree of pieces until it is sent, and took 60 MB more for 500,000 edges. */
export const line = (values: Parameters<typeof field>[0][]) => `${values.map(field).join('\t')}\n`

/** What `clean` takes away, as JSON escapes it; text that only looks like that is no harm. */
const UNCLEAN = /\\u(?:0000|d[89a-f])/

/** JSON whose strings PostgreSQL takes. */
export function json(value: object): string {
  const text = JSON.stringify(value)
  if (!UNCLEAN.test(text)) return text
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === 'string' ? clean(item) : item))
}

/** Copies lines into a table. */
export async function copy(sql: TransactionSql, table: string, columns: string[], lines: Uint8Array): Promise<void> {
  if (lines.length === 0) return
  const stream = await sql`copy ${sql(table)} (${sql(columns)}) from stdin`.writable()
  stream.end(lines)
  await once(stream, 'finish')
}

import { once } from 'node:events'
import type { TransactionSql } from 'postgres'

type Value = string | number | boolean | null | undefined

const ESCAPES: Record<string, string> = { '\\': '\\\\', '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Text as a column in COPY's text format. PostgreSQL takes neither NUL nor half a surrogate pair. */
export const textField = (value: string): string =>
  clean(value).replace(/[\\\n\r\t]/g, (character) => ESCAPES[character] as string)

/** A number that may be missing, as a column. */
export const numberField = (value: number | undefined): string => (value === undefined ? '\\N' : String(value))

/** Value of one column in COPY's text format. */
function field(value: Value): string {
  if (value === null || value === undefined) return '\\N'
  return typeof value === 'string' ? textField(value) : String(value)
}

function clean(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '').toWellFormed() : text.toWellFormed()
}

/** One row of COPY's text format. */
export const line = (values: Value[]) => `${values.map(field).join('\t')}\n`

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

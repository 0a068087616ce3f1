import type { Sql } from 'postgres'
import { SealError, type Sealer, versionOf } from '../lib/seal.ts'
import { sealedColumns } from './sealed.ts'

/** What re-encryption found in one column. */
export interface ReencryptedColumn {
  /** `<table>.<column>` */
  name: string
  /** Sealed anew with the newest key. */
  changed: number
  /** Sealed with the newest key already. */
  current: number
  /** Could not be opened: their key is not in the ring, or they are damaged. Left as they are. */
  failed: { key: string; reason: string }[]
}

type Row = { sealed: string; key: string[] }
type Column = ReturnType<typeof sealedColumns>[number]

const BATCH = 500

/** Rows of a column after a key, in the order of the primary key. */
async function read(sql: Sql, { table, column, key }: Column, after: string[] | undefined): Promise<Row[]> {
  const names = key.map((part) => sql`${sql(part)}::text`)
  const listed = names.reduce((list, name) => sql`${list}, ${name}`)
  const beyond = after?.map((value) => sql`${value}`).reduce((list, value) => sql`${list}, ${value}`)
  return sql<Row[]>`
    select ${sql(column)} as sealed, array[${listed}] as key from ${sql(table)}
    where ${sql(column)} is not null ${beyond ? sql`and (${listed}) > (${beyond})` : sql``}
    order by ${listed} limit ${BATCH}`
}

/** Writes the new text unless somebody has changed it meanwhile: they sealed it with the newest key. */
async function write(sql: Sql, { table, column, key }: Column, row: Row, text: string): Promise<void> {
  const where = key.map((part, index) => sql`${sql(part)}::text = ${row.key[index] as string}`)
  await sql`
    update ${sql(table)} set ${sql(column)} = ${text}
    where ${where.reduce((all, one) => sql`${all} and ${one}`)} and ${sql(column)} = ${row.sealed}`
}

async function reencryptColumn(sql: Sql, sealer: Sealer, column: Column): Promise<ReencryptedColumn> {
  const found: ReencryptedColumn = { name: `${column.table}.${column.column}`, changed: 0, current: 0, failed: [] }
  let after: string[] | undefined
  for (;;) {
    const rows = await read(sql, column, after)
    for (const row of rows) {
      if (versionOf(row.sealed) === sealer.newest) found.current += 1
      else {
        const purpose = column.purpose(...row.key)
        try {
          await write(sql, column, row, sealer.seal(sealer.open(row.sealed, purpose), purpose))
          found.changed += 1
        } catch (error) {
          if (!(error instanceof SealError)) throw error
          found.failed.push({ key: row.key.join(' '), reason: error.message })
        }
      }
    }
    if (rows.length < BATCH) return found
    after = rows.at(-1)?.key
  }
}

/**
 * Seals every stored secret with the newest key of the ring, beside running servers: they must have the same ring already, so that what they
 * write meanwhile is sealed with the newest key too. Safe to repeat.
 */
export async function reencrypt(sql: Sql, sealer: Sealer): Promise<ReencryptedColumn[]> {
  const columns: ReencryptedColumn[] = []
  for (const column of sealedColumns()) columns.push(await reencryptColumn(sql, sealer, column))
  return columns
}

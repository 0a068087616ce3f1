/**
 * Opaque keyset cursors: base64url of the JSON array of the last row's sort keys.
 * Not signed: a forged cursor can only ask for another position in a list that is filtered by permission anyway.
 */
export const encodeCursor = (keys: readonly (string | number)[]): string =>
  Buffer.from(JSON.stringify(keys)).toString('base64url')

/**
 * Reads a cursor made by {@link encodeCursor}.
 * @returns the keys, or undefined when the text is no cursor with exactly the wanted types.
 */
export function decodeCursor(cursor: string, types: readonly ('string' | 'number')[]): (string | number)[] | undefined {
  try {
    const keys: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    if (!Array.isArray(keys) || keys.length !== types.length) return undefined
    if (!keys.every((key, index) => typeof key === types[index])) return undefined
    return keys as (string | number)[]
  } catch {
    return undefined
  }
}

/** Cuts a result that was fetched with `limit + 1` rows into a page and the cursor of the next one. */
export function toPage<Row>(rows: Row[], limit: number, keysOf: (row: Row) => (string | number)[]) {
  const items = rows.length > limit ? rows.slice(0, limit) : rows
  const last = items.at(-1)
  return { items, nextCursor: rows.length > limit && last !== undefined ? encodeCursor(keysOf(last)) : null }
}

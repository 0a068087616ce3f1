import { decodeCursor } from '../lib/cursor.ts'
import { problem } from './errors.ts'

/**
 * The id after which a list by id goes on; undefined for its first page.
 * @throws INVALID_CURSOR
 */
export function idAfter(cursor: string | undefined): string | undefined {
  if (cursor === undefined) return undefined
  const keys = decodeCursor(cursor, ['string'])
  if (keys === undefined) throw problem('INVALID_CURSOR')
  return keys[0] as string
}

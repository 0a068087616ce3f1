/** Escapes that could make a NUL or a lone surrogate. A JSON text without them needs no search. */
export const SUSPECT_ESCAPE = /\\u(?:0000|[dD][89a-fA-F])/

/**
 * Why a parsed JSON value cannot be stored as PostgreSQL text or jsonb: a text (or key) in it has a NUL or half a surrogate pair, or it is
 * nested deeper than `maxDepth` levels. Undefined when it can.
 */
export function unstorable(value: unknown, maxDepth: number): 'text' | 'depth' | undefined {
  if (typeof value === 'string') return value.includes('\0') || !value.isWellFormed() ? 'text' : undefined
  if (value === null || typeof value !== 'object') return undefined
  if (maxDepth < 0) return 'depth'
  const parts = Array.isArray(value) ? value : Object.entries(value).flat()
  for (const part of parts) {
    const found = unstorable(part, maxDepth - 1)
    if (found) return found
  }
  return undefined
}

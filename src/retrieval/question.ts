/** A question as the search needs it. */
export interface Question {
  text: string
  /** Words that are written like names of code: `createCache`, `user_id`, `src/app.ts`, `Foo.bar`, `HTTP_PORT`. */
  identifiers: string[]
}

const MAX_IDENTIFIERS = 8
const WORD = /[\p{L}\p{N}_$][\p{L}\p{N}_$./#:-]*/gu

/** Whether a word looks like a name in code rather than a word of a language. */
function isIdentifier(word: string): boolean {
  if (word.length < 3 || word.length > 100) return false
  return (
    /[a-z0-9][A-Z]/.test(word) || // camelCase, PascalCase with a second hump
    /[\p{L}\p{N}]_[\p{L}\p{N}]/u.test(word) || // snake_case, CONSTANT_CASE
    /\w\.(\w{1,5})$/.test(word) || // file.ext, object.member
    /\w\/\w/.test(word)
  )
}

/**
 * Takes a question apart. Names in backticks count as identifiers whatever they look like; calls lose their brackets.
 * Splits no sentences and understands no language: that is the database's part.
 */
export function parseQuestion(text: string): Question {
  const quoted = [...text.matchAll(/`([^`\n]{2,100})`/g)].map(([, name = '']) => name.trim().replace(/\(.*\)$/, ''))
  const bare = [...text.matchAll(WORD)].map(([word]) => word.replace(/[./#:-]+$/, '')).filter(isIdentifier)
  const identifiers = [...new Set([...quoted, ...bare])].filter((name) => name.length >= 2).slice(0, MAX_IDENTIFIERS)
  return { text, identifiers }
}

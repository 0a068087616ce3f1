import { countLines, lineAt, lineStarts } from '../lines.ts'
import type { FileFacts } from '../types.ts'
import { emptyFacts } from '../types.ts'

/** A module request in a text that no parser can read. */
interface LexicalImport {
  request: string
  form: 'import' | 'require' | 'reexport'
  typeOnly: boolean
  dynamic: boolean
  start: number
  end: number
}

const TOKENS =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\[\s\S]|[^`\\])*`|[A-Za-z_$][\w$]*|[.(){};=]/g

/** Facts of a file that cannot be parsed: where it leads. Which names it exports is not known. */
export function lexicalFacts(text: string, language: string): FileFacts {
  const starts = lineStarts(text)
  const imports = lexicalImports(text).map(({ start, end, ...fact }) => ({
    ...fact,
    startLine: lineAt(starts, start),
    endLine: lineAt(starts, end),
  }))
  return { ...emptyFacts(language, countLines(text, starts)), imports, opaque: true }
}

/**
 * The imports of a file by its words alone: for dialects that the parser does not know (Flow) and files with a mistake somewhere. What stands in comments,
 * strings and templates does not count.
 */
function lexicalImports(text: string): LexicalImport[] {
  const tokens = [...text.matchAll(TOKENS)].filter(([word]) => !/^\/[/*]/.test(word))
  const found: LexicalImport[] = []
  const word = (at: number) => tokens[at]?.[0] ?? ''
  const isString = (at: number) => /^["']/.test(word(at))
  const add = (from: number, to: number, what: Pick<LexicalImport, 'form' | 'typeOnly' | 'dynamic'>) => {
    const end = (tokens[to]?.index ?? 0) + word(to).length
    found.push({ request: word(to).slice(1, -1), ...what, start: tokens[from]?.index ?? 0, end })
  }
  for (let at = 0; at < tokens.length; at++) {
    const first = word(at)
    if (!/^(?:import|export|require)$/.test(first) || word(at - 1) === '.') continue
    const typeOnly = /^type(?:of)?$/.test(word(at + 1)) && word(at + 2) !== 'from'
    if (word(at + 1) === '(' && isString(at + 2) && word(at + 3) === ')') {
      if (first === 'require') add(at, at + 2, { form: 'require', typeOnly: false, dynamic: false })
      if (first === 'import') add(at, at + 2, { form: 'import', typeOnly: false, dynamic: true })
    } else if (first === 'import' && isString(at + 1)) add(at, at + 1, { form: 'import', typeOnly, dynamic: false })
    else if (first !== 'require') {
      const end = endOfClause(word, at + 1)
      if (word(end) === 'from' && isString(end + 1))
        add(at, end + 1, { form: first === 'import' ? 'import' : 'reexport', typeOnly, dynamic: false })
    }
  }
  return found
}

/** The place of the `from` behind the names of an import or export, or of what stands there instead. */
function endOfClause(word: (at: number) => string, start: number): number {
  let at = start
  while (/^(?:[{}]|[A-Za-z_$][\w$]*)$/.test(word(at)) && !(word(at) === 'from' && /^["']/.test(word(at + 1)))) at++
  return at
}

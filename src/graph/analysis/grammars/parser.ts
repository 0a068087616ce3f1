import { createRequire } from 'node:module'
import { Language, Parser, Query, type QueryMatch } from 'web-tree-sitter'

/** A grammar with the query of a language, ready to read files. */
export interface Grammar {
  /**
   * The query's matches in a text, and where the first syntax error is.
   * @returns undefined where parsing took longer than the limit
   */
  matches: <T>(text: string, read: (matches: QueryMatch[], error: number | undefined) => T) => T | undefined
}

/** Longest time for one file. Grammars can be driven into quadratic work by odd input. */
const MAX_MILLISECONDS = 5000

let ready: Promise<void> | undefined
const languages = new Map<string, Promise<Language>>()

/** A tree-sitter language, loaded once per thread (about 30 ms). */
export function loadLanguage(name: string): Promise<Language> {
  ready ??= Parser.init()
  let language = languages.get(name)
  if (language === undefined) {
    const path = createRequire(import.meta.url).resolve(`@vscode/tree-sitter-wasm/wasm/tree-sitter-${name}.wasm`)
    language = ready.then(() => Language.load(path))
    languages.set(name, language)
  }
  return language
}

/** Loads a grammar and compiles its query. @throws when the query does not fit the grammar */
export async function createGrammar(name: string, source: string): Promise<Grammar> {
  const language = await loadLanguage(name)
  const parser = new Parser()
  parser.setLanguage(language)
  const query = new Query(language, source)
  return {
    matches(text, read) {
      const until = performance.now() + MAX_MILLISECONDS
      const tree = parser.parse(text, null, { progressCallback: () => performance.now() > until })
      if (tree === null) {
        parser.reset()
        return undefined
      }
      try {
        const root = tree.rootNode
        const error = root.hasError ? (root.descendantsOfType('ERROR')[0]?.startIndex ?? 0) : undefined
        return read(query.matches(root), error)
      } finally {
        tree.delete()
      }
    },
  }
}

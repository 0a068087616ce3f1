import { createRequire } from 'node:module'
import { Language, Parser, Query, type QueryMatch, type Tree } from 'web-tree-sitter'

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

/** Most characters that are read again, part by part, where a file could not be read as a whole. */
const MAX_AGAIN = 20_000_000

/** The parts of a text that end where `split` matches, each with blanks for what is before it, so that places stay. */
function partsOf(text: string, split: RegExp): string[] {
  const ends = [...text.matchAll(split)].map((found) => found.index + found[0].length)
  if (ends.at(-1) !== text.length) ends.push(text.length)
  if (ends.length * text.length > MAX_AGAIN) return []
  const blank = text.replace(/[^\n]/g, ' ')
  return ends.map((end, at) => blank.slice(0, ends[at - 1] ?? 0) + text.slice(ends[at - 1] ?? 0, end))
}

/** What to do about texts that have errors. */
export interface Repair {
  /** They are read again in the parts that this ends, so that an error costs one part only. */
  split?: RegExp | undefined
  /** They are read again so, if that has fewer errors; of what it leaves out the first reading counts. Every character stays in its place. */
  simplify?: ((text: string) => string) | undefined
}

/** Where the errors of a tree begin. */
function errorsIn(tree: Tree): number[] {
  return tree.rootNode.hasError ? tree.rootNode.descendantsOfType('ERROR').map((node) => node?.startIndex ?? 0) : []
}

/**
 * Loads a grammar and compiles its query.
 * @throws when the query does not fit the grammar */
export async function createGrammar(name: string, source: string, { split, simplify }: Repair): Promise<Grammar> {
  const language = await loadLanguage(name)
  const parser = new Parser()
  parser.setLanguage(language)
  const query = new Query(language, source)
  return {
    matches(text, read) {
      const until = performance.now() + MAX_MILLISECONDS
      const limit = { progressCallback: () => performance.now() > until }
      const tree = parser.parse(text, null, limit)
      if (tree === null) {
        parser.reset()
        return undefined
      }
      const trees = [tree]
      try {
        const errors = errorsIn(tree)
        const error = tree.rootNode.hasError ? (errors[0] ?? 0) : undefined
        const simpler = error === undefined ? undefined : simplify?.(text)
        const other = simpler === undefined || simpler === text ? null : parser.parse(simpler, null, limit)
        if (other) trees.push(other)
        else parser.reset()
        if (other && simpler !== undefined && errorsIn(other).length < errors.length) {
          const at = ({ captures }: QueryMatch) => captures[0]?.node.startIndex ?? 0
          const leftOut = query.matches(tree.rootNode).filter((match) => simpler[at(match)] !== text[at(match)])
          return read([...query.matches(other.rootNode), ...leftOut], error)
        }
        if (other) trees.pop()?.delete()
        const parts = error === undefined || split === undefined ? [] : partsOf(text, split)
        for (const part of parts.length > 1 ? parts : []) {
          const one = parser.parse(part)
          if (one) trees.push(one)
        }
        const wanted = trees.length > 1 ? trees.slice(1) : trees
        return read(
          wanted.flatMap((one) => query.matches(one.rootNode)),
          error,
        )
      } finally {
        for (const one of trees) one.delete()
      }
    },
  }
}

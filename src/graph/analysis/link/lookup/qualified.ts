import { dirname } from '../../resolve/tree.ts'
import type { SymbolFact } from '../../types.ts'
import type { LinkedFile } from '../context.ts'
import type { Found } from '../members.ts'
import { symbolFound } from '../members.ts'
import type { Hit } from './types.ts'

/** Symbols of a language by their names from the outermost package on. */
export interface Qualified {
  /** The one symbol of this name; of several the one in the nearest folder, as `inferred`. */
  find: (segments: string[], from: LinkedFile, visible?: (file: LinkedFile) => boolean) => Found | undefined
  all: (segments: string[]) => { file: LinkedFile; index: number }[]
  /** The symbol of the longest beginning of a name. */
  longest: (segments: string[], from: LinkedFile) => Hit | undefined
  /** Files that put something into this package. */
  filesOf: (segments: string[]) => LinkedFile[]
}

const CONTAINERS = new Set(['namespace', 'class', 'interface', 'enum'])

/** Parts of a namespace written in one word: `a::b`, `A.B`. */
function parts(name: string): string[] {
  return name.split(/::|\.|\\/).filter((part) => part !== '')
}

/** Names of the namespaces and classes round a symbol, outermost first, its own included. */
export function chainOf(file: LinkedFile, index: number): string[] {
  const names: string[] = []
  for (let at = index; at >= 0; ) {
    const symbol = file.facts.symbols[at] as SymbolFact
    if (at === index || CONTAINERS.has(symbol.kind)) names.unshift(...parts(symbol.name))
    if (symbol.owner) names.unshift(...symbol.owner)
    at = symbol.parent
  }
  return names
}

/** Names of what is round a use, outermost first: its namespaces, and its classes where these are scopes for plain names. */
export function aroundOf(file: LinkedFile, from: number, classes: boolean): string[] {
  const names: string[] = []
  for (let at = from; at >= 0; ) {
    const symbol = file.facts.symbols[at] as SymbolFact
    if (symbol.kind === 'namespace' || (classes && CONTAINERS.has(symbol.kind))) names.unshift(...parts(symbol.name))
    if (classes && symbol.owner) names.unshift(...symbol.owner)
    at = symbol.parent
  }
  return names
}

/** Indexes files whose top level belongs to the package that `moduleOf` tells. */
export function createQualified(files: LinkedFile[], moduleOf: (file: LinkedFile) => string[]): Qualified {
  const symbols = new Map<string, { file: LinkedFile; index: number }[]>()
  const packages = new Map<string, Set<LinkedFile>>()
  const put = (segments: string[], file: LinkedFile) => {
    const key = segments.join('\0')
    const known = packages.get(key)
    if (known) known.add(file)
    else packages.set(key, new Set([file]))
  }
  for (const file of files) {
    const module = moduleOf(file)
    put(module, file)
    for (const [index, symbol] of file.facts.symbols.entries()) {
      if (!isVisible(file, symbol)) continue
      const segments = [...module, ...chainOf(file, index)]
      if (symbol.kind === 'namespace') put(segments, file)
      const key = segments.join('\0')
      const same = symbols.get(key)
      if (same) same.push({ file, index })
      else symbols.set(key, [{ file, index }])
    }
  }
  const all = (segments: string[]) => symbols.get(segments.join('\0')) ?? []
  const find: Qualified['find'] = (segments, from, visible = () => true) => {
    const candidates = all(segments).filter(({ file }) => visible(file))
    if (candidates.length === 0) return undefined
    const kinds = candidates.map(({ file, index }) => (file.facts.symbols[index] as SymbolFact).kind)
    const [best] = [...candidates].sort((a, b) => distance(a.file, from) - distance(b.file, from))
    const { file, index } = best as { file: LinkedFile; index: number }
    const isOne = candidates.length === 1 || kinds.every((kind) => kind === 'namespace') || file === from
    return symbolFound(file, index, index, isOne ? 'exact' : 'inferred')
  }
  return {
    find,
    all,
    longest(segments, from) {
      for (let used = segments.length; used > 0; used--) {
        const found = find(segments.slice(0, used), from)
        if (found) return { found, used }
      }
      return undefined
    },
    filesOf: (segments) => [...(packages.get(segments.join('\0')) ?? [])],
  }
}

/** Nothing inside of functions. */
function isVisible(file: LinkedFile, symbol: SymbolFact): boolean {
  for (let at = symbol.parent; at >= 0; ) {
    const around = file.facts.symbols[at] as SymbolFact
    if (!CONTAINERS.has(around.kind)) return false
    at = around.parent
  }
  return true
}

/** Steps between two folders. */
function distance(a: LinkedFile, b: LinkedFile): number {
  const one = dirname(a.path).split('/')
  const other = dirname(b.path).split('/')
  let same = 0
  while (same < one.length && same < other.length && one[same] === other[same]) same++
  return one.length + other.length - 2 * same
}

/** Closures of a large tree would fill the memory: so many files in one, so many in all that are kept. */
const MAX_REACH = 2000
const MAX_KNOWN = 4_000_000

/** All files that a file reaches by its imports, itself first. */
export function createClosure(byPath: Map<string, LinkedFile>): (file: LinkedFile) => Set<LinkedFile> {
  const known = new Map<LinkedFile, Set<LinkedFile>>()
  let size = 0
  return (file) => {
    const done = known.get(file)
    if (done) return done
    const reached = new Set([file])
    for (const one of reached) {
      if (reached.size > MAX_REACH) break
      for (const resolved of one.resolved) {
        const next = resolved.to === 'file' ? byPath.get(resolved.path) : undefined
        if (next) reached.add(next)
      }
    }
    if (size > MAX_KNOWN) {
      known.clear()
      size = 0
    }
    size += reached.size
    known.set(file, reached)
    return reached
  }
}

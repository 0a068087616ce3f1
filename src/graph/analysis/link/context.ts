import type { Packages } from '../resolve/packages.ts'
import type { Resolved } from '../resolve/resolved.ts'
import type { Tree } from '../resolve/tree.ts'
import type { FileFacts, SymbolFact } from '../types.ts'
import type { GraphBuilder } from './builder.ts'
import type { NotedFiles, Reads } from './reads.ts'

/** One file with its facts and, once resolved, where its imports lead. */
export interface LinkedFile {
  path: string
  /** As in its facts, which need not be loaded for it. */
  language: string
  readonly facts: FileFacts
  /** Per import of the facts. */
  readonly resolved: Resolved[]
  readonly exportsByName: Map<string, number[]>
  /** Files that names in this one led to. */
  used?: Set<string>
  /** Children by parent symbol, then by name. Built on demand. */
  members: Map<number, Map<string, number[]>> | undefined
}

export interface LinkContext {
  tree: Tree
  packages: Packages
  files: LinkedFile[]
  /** Notes who asks for which file: links go through it to every file but their own. */
  byPath: NotedFiles<LinkedFile>
  reads: Reads
  builder: GraphBuilder
}

/** Whether a key is that of a file, a folder or a symbol. Symbols count whether or not their file is linked this time. */
export function hasKey(context: LinkContext, key: string): boolean {
  const hash = key.indexOf('#')
  if (hash < 0) return context.builder.has(key)
  const file = context.byPath.get(key.slice(0, hash))
  return (
    file?.facts.symbols.some(
      ({ descriptor }) => descriptor.length === key.length - hash - 1 && key.endsWith(descriptor),
    ) === true
  )
}

/** A method that stands outside of its class. */
export interface Extension {
  file: LinkedFile
  index: number
}

/** Methods of a class that stand outside of it (Go, Rust, C++), by the class's file and symbol and by their names. */
export type Extensions = (file: LinkedFile, index: number, name: string) => Extension | undefined

/** Key of a symbol's node. */
export function symbolKey(file: LinkedFile, index: number): string {
  return index < 0 ? file.path : `${file.path}#${(file.facts.symbols[index] as SymbolFact).descriptor}`
}

/** Children of a symbol by name; -1 gives the top level. */
export function membersOf(file: LinkedFile, index: number): Map<string, number[]> | undefined {
  if (file.members === undefined) {
    file.members = new Map()
    for (const [at, symbol] of file.facts.symbols.entries()) {
      // Belongs to a class that is elsewhere.
      if (symbol.owner) continue
      let names = file.members.get(symbol.parent)
      if (names === undefined) {
        names = new Map()
        file.members.set(symbol.parent, names)
      }
      const same = names.get(symbol.name)
      if (same) same.push(at)
      else names.set(symbol.name, [at])
    }
  }
  return file.members.get(index)
}

/** Key of the node that stands for something outside or missing, which is made on the way. */
export function outsideKey(context: LinkContext, resolved: Exclude<Resolved, { to: 'file' | 'files' }>): string {
  if (resolved.to === 'own') return `own:${resolved.package.folder === '' ? '.' : resolved.package.folder}/`
  const key = resolved.to === 'external' ? `${resolved.ecosystem}:${resolved.name}` : `unresolved:${resolved.name}`
  if (!context.builder.has(key)) {
    const kind = resolved.to === 'external' ? ('package' as const) : ('unresolved' as const)
    context.builder.node({ key, kind, name: resolved.name, path: '', ...(kind === 'package' ? { own: false } : {}) })
  }
  return key
}

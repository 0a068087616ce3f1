import type { Resolved } from '../resolve/javascript.ts'
import type { Packages } from '../resolve/packages.ts'
import type { Tree } from '../resolve/tree.ts'
import type { FileFacts, SymbolFact } from '../types.ts'
import type { GraphBuilder } from './builder.ts'

/** One file with its facts and, once resolved, where its imports lead. */
export interface LinkedFile {
  path: string
  facts: FileFacts
  /** Per import of the facts. */
  resolved: Resolved[]
  exportsByName: Map<string, number[]>
  /** Children by parent symbol, then by name. Built on demand. */
  members: Map<number, Map<string, number[]>> | undefined
}

export interface LinkContext {
  tree: Tree
  packages: Packages
  files: LinkedFile[]
  byPath: Map<string, LinkedFile>
  builder: GraphBuilder
}

/** Key of a symbol's node. */
export function symbolKey(file: LinkedFile, index: number): string {
  return index < 0 ? file.path : `${file.path}#${(file.facts.symbols[index] as SymbolFact).descriptor}`
}

/** Children of a symbol by name; -1 gives the top level. */
export function membersOf(file: LinkedFile, index: number): Map<string, number[]> | undefined {
  if (file.members === undefined) {
    file.members = new Map()
    for (const [at, symbol] of file.facts.symbols.entries()) {
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
export function outsideKey(context: LinkContext, resolved: Exclude<Resolved, { to: 'file' }>): string {
  if (resolved.to === 'own') return `own:${resolved.package.folder === '' ? '.' : resolved.package.folder}/`
  const key = resolved.to === 'external' ? `${resolved.ecosystem}:${resolved.name}` : `unresolved:${resolved.name}`
  if (!context.builder.has(key)) {
    const kind = resolved.to === 'external' ? ('package' as const) : ('unresolved' as const)
    context.builder.node({ key, kind, name: resolved.name, path: '', ...(kind === 'package' ? { own: false } : {}) })
  }
  return key
}

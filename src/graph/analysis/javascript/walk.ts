import type { Path, Scope } from '../scope.ts'
import { closeScope, createScope } from '../scope.ts'
import type { SymbolTable } from '../symbols.ts'
import type { FileFacts, ImportFact, UseFact } from '../types.ts'
import type { Ast } from './ast.ts'

/** Visitors by node type; the rest is walked child by child. */
export type Handlers = Record<string, (walk: Walk, node: Ast) => void>

/** State of one walk over one file. */
export interface Walk {
  path: string
  text: string
  starts: number[]
  facts: FileFacts
  scope: Scope
  /** Index of the enclosing symbol, -1 at the top. */
  symbol: number
  /** What `this` is, where it is certain. */
  self: { index: number; isStatic: boolean; loose?: boolean } | undefined
  /** Local names that the module exports somewhere. */
  exportedNames: Set<string>
  /** Exports of local names, settled when the whole module has been read. */
  localExports: { name: string; local: string; typeOnly: boolean; startLine: number }[]
  /** Start of the `export` statement round the declaration that is visited next. */
  exportStart: number | undefined
  /** Function declarations whose symbols were made ahead of their statements. */
  hoisted: Map<Ast, number>
  symbols: SymbolTable
  line: (offset: number) => number
  visit: (node: Ast) => void
  visitChildren: (node: Ast) => void
  /** `<enclosing symbol>:<name>` of functions declared by a signature only, which the implementation joins. */
  overloads: Set<string>
}

/** Runs `body` in a new scope and settles it. */
export function inScope(walk: Walk, isFunction: boolean, body: () => void): void {
  const outer = walk.scope
  walk.scope = createScope(outer, isFunction)
  body()
  closeScope(walk.scope)
  walk.scope = outer
}

/** Runs `body` with another enclosing symbol (and `this`). */
export function inside(walk: Walk, symbol: number, self: Walk['self'], body: () => void): void {
  const outer = { symbol: walk.symbol, self: walk.self }
  walk.symbol = symbol
  walk.self = self
  body()
  walk.symbol = outer.symbol
  walk.self = outer.self
}

/** Notes a use of a dotted name, to be settled when its scope closes. */
export function refer(
  walk: Walk,
  path: Path,
  kind: UseFact['kind'],
  span: { start: number; end: number },
  how: { space?: 'value' | 'type'; instance?: 'new' | 'type'; onInstance?: string[] } = {},
): void {
  const from = walk.symbol
  const startLine = walk.line(span.start)
  const endLine = walk.line(span.end)
  walk.scope.pending.push({
    name: path.name,
    members: path.members,
    space: how.space ?? 'value',
    ...(how.instance ? { instance: how.instance, onInstance: how.onInstance ?? [] } : {}),
    found: (target) => {
      walk.facts.uses.push({ kind, from, target, startLine, endLine })
    },
  })
}

/** Adds a module request and returns its index. */
export function addImport(
  walk: Walk,
  span: { start: number; end: number },
  fact: Pick<ImportFact, 'request' | 'form' | 'typeOnly' | 'dynamic'>,
): number {
  walk.facts.imports.push({ ...fact, startLine: walk.line(span.start), endLine: walk.line(span.end) })
  return walk.facts.imports.length - 1
}

/** Adds a binding of (part of) an imported module and returns its index. */
export function addBinding(walk: Walk, index: number, imported: string, typeOnly = false): number {
  walk.facts.bindings.push({ import: index, imported, typeOnly })
  return walk.facts.bindings.length - 1
}

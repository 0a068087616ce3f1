import type { Path, Scope } from '../scope.ts'
import { closeScope, createScope } from '../scope.ts'
import type { SymbolTable } from '../symbols.ts'
import type { FileFacts, Target, UseFact } from '../types.ts'
import type { PyNode } from './parse.ts'

/** State of one walk over one Python file. */
export interface PyWalk {
  text: string
  facts: FileFacts
  symbols: SymbolTable
  scope: Scope
  /** Scopes of class bodies, which functions inside do not see. */
  classScopes: Set<Scope>
  symbol: number
  /** The enclosing class and the name its methods call themselves by. */
  self: { index: number; isStatic: boolean; name: string } | undefined
  /** Names that `global` and `nonlocal` take from outside, of the current function. */
  outer: Set<string>
  /** Bindings of `from x import *`. */
  stars: number[]
  /** Inside `if TYPE_CHECKING:`. */
  typeOnly: boolean
  line: (offset: number) => number
  visit: (node: PyNode) => void
}

export function textOf(walk: PyWalk, node: PyNode): string {
  return walk.text.slice(node.start, node.end)
}

/** Runs `body` in a new scope; a function's scope hangs on the nearest one that is no class body. */
export function inPyScope(walk: PyWalk, kind: 'function' | 'class' | 'comprehension', body: () => void): void {
  const before = walk.scope
  let parent: Scope = before
  while (kind === 'function' && walk.classScopes.has(parent) && parent.parent) parent = parent.parent
  walk.scope = createScope(parent, kind === 'function')
  if (kind === 'class') walk.classScopes.add(walk.scope)
  body()
  closeScope(walk.scope)
  walk.scope = before
}

/** `a.b.c` as a path; undefined where the chain starts with anything but a name. */
export function dotted(walk: PyWalk, node: PyNode): Path | undefined {
  if (node.type === 'identifier') return { name: textOf(walk, node), members: [] }
  if (node.type === 'dotted_name') {
    const [name, ...members] = node.kids.map((kid) => textOf(walk, kid))
    return name === undefined ? undefined : { name, members }
  }
  if (node.type === 'subscript') return undefined
  if (node.type !== 'attribute') return undefined
  const object = node.kids[0] && dotted(walk, node.kids[0])
  const attribute = node.kids[1]
  return object && attribute ? { name: object.name, members: [...object.members, textOf(walk, attribute)] } : undefined
}

/** The dotted name in a quoted annotation (`"pkg.Shape"`), or undefined. */
export function quotedPath(walk: PyWalk, string: PyNode): Path | undefined {
  const quoted = textOf(walk, string).slice(1, -1)
  if (!/^[A-Za-z_]\w*(?:\.\w+)*$/.test(quoted)) return undefined
  const [name, ...members] = quoted.split('.') as [string, ...string[]]
  return { name, members }
}

/** Notes a use of a dotted name. `self.x` and `cls.x` are looked up in the class, `x` first in the file, then in star imports. */
export function referPython(walk: PyWalk, path: Path, kind: UseFact['kind'], span: PyNode, instance?: string[]): void {
  const from = walk.symbol
  const place = { startLine: walk.line(span.start), endLine: walk.line(span.end) }
  if (walk.self && path.name === walk.self.name && instance === undefined) {
    if (path.members.length !== 1) return
    const base: Target['base'] = walk.self.isStatic ? 'static-this' : 'this'
    walk.facts.uses.push({ kind, from, target: { base, index: walk.self.index, members: path.members }, ...place })
    return
  }
  walk.scope.pending.push({
    ...path,
    space: 'value',
    ...(instance ? { instance: 'new' as const, onInstance: instance } : {}),
    found: (target) => walk.facts.uses.push({ kind, from, target, ...place }),
  })
}

/** Offers what no scope declares to the star imports: the linker keeps the one that has the name. */
export function settleStars(walk: PyWalk): void {
  if (walk.stars.length === 0) return
  for (const reference of walk.scope.pending) {
    if (walk.scope.values.has(reference.name)) continue
    for (const index of walk.stars) {
      const members = [reference.name, ...reference.members]
      const target: Target = { base: 'binding', index, members, optional: true }
      if (reference.instance) Object.assign(target, { instance: reference.instance, onInstance: reference.onInstance })
      reference.found(target)
    }
  }
}

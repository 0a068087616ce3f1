import type { Target } from './types.ts'

/** What a name stands for inside one scope. A plain local has none of the fields. */
export interface Declaration {
  symbol?: number
  binding?: number
  /** `import A = B.C`: another name for B.C. */
  alias?: Path
  /** `const x = new Foo()`, or `x: Foo`: what members of x belong to. */
  receiver?: Path & { instance: 'new' | 'type' }
  scope: Scope
}

/** A dotted name as written. */
export interface Path {
  name: string
  members: string[]
}

/** A name that waits for the end of its scope, when all declarations are known. */
export interface Reference extends Path {
  space: 'value' | 'type'
  instance?: 'new' | 'type'
  onInstance?: string[]
  /** How many other names led here; circular aliases end at ten. */
  hops?: number
  /** Gets the resolved target; not called for locals, globals and other things that are no nodes. */
  found: (target: Target) => void
}

export interface Scope {
  parent: Scope | undefined
  isFunction: boolean
  values: Map<string, Declaration>
  types: Map<string, Declaration>
  pending: Reference[]
}

export function createScope(parent: Scope | undefined, isFunction: boolean): Scope {
  return { parent, isFunction, values: new Map(), types: new Map(), pending: [] }
}

/** The scope that `var` and function bodies declare into. */
export function functionScope(scope: Scope): Scope {
  let current = scope
  while (!current.isFunction && current.parent) current = current.parent
  return current
}

/** Declares a name; a second declaration in the same space adds to the first (declaration merging, redeclared `var`). */
export function declare(
  scope: Scope,
  name: string,
  spaces: 'value' | 'type' | 'both',
  what: Omit<Declaration, 'scope'> = {},
): void {
  const put = (map: Map<string, Declaration>) => {
    const known = map.get(name)
    if (known) Object.assign(known, { ...what, ...known })
    else map.set(name, { ...what, scope })
  }
  if (spaces !== 'type') put(scope.values)
  if (spaces !== 'value') put(scope.types)
}

/** Finds the declaration of a name from `scope` outwards, in the given space first. */
export function lookup(scope: Scope | undefined, name: string, space: 'value' | 'type'): Declaration | undefined {
  for (let current = scope; current; current = current.parent) {
    const found = space === 'value' ? current.values.get(name) : current.types.get(name)
    if (found) return found
  }
  return undefined
}

/**
 * Settles the references of a scope that is left: those declared here are reported, the others wait in the parent.
 * At the top what remains is global and reports nothing.
 */
export function closeScope(scope: Scope): void {
  for (let at = 0; at < scope.pending.length; at++) {
    const reference = scope.pending[at] as Reference
    const map = reference.space === 'value' ? scope.values : scope.types
    const declaration = map.get(reference.name)
    if (declaration === undefined) scope.parent?.pending.push(reference)
    else settle(reference, declaration, scope)
  }
  scope.pending.length = 0
}

function settle(reference: Reference, declaration: Declaration, scope: Scope): void {
  const { alias, receiver } = declaration
  const hops = (reference.hops ?? 0) + 1
  if (hops > 10) return
  if (alias) {
    scope.pending.push({
      ...reference,
      ...alias,
      members: [...alias.members, ...reference.members],
      space: 'value',
      hops,
    })
    return
  }
  if (declaration.symbol !== undefined || declaration.binding !== undefined) {
    const base = declaration.symbol !== undefined ? 'symbol' : 'binding'
    const target: Target = {
      base,
      index: (declaration.symbol ?? declaration.binding) as number,
      members: reference.members,
    }
    if (reference.instance)
      Object.assign(target, { instance: reference.instance, onInstance: reference.onInstance ?? [] })
    reference.found(target)
    return
  }
  const viaReceiver = receiver && reference.space === 'value' && reference.members.length === 1 && !reference.instance
  if (!viaReceiver) return
  const space = receiver.instance === 'new' ? 'value' : 'type'
  scope.pending.push({ ...reference, ...receiver, space, onInstance: reference.members, hops })
}

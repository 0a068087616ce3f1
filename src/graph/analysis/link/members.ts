import type { Resolved } from '../resolve/resolved.ts'
import type { Resolution, SymbolFact, Target } from '../types.ts'
import type { Extensions, LinkedFile } from './context.ts'
import { membersOf } from './context.ts'

/** What a name turned out to be. */
export type Found =
  | { kind: 'symbol'; file: LinkedFile; value?: number; type?: number; resolution: Resolution }
  | { kind: 'module'; file: LinkedFile; resolution: Resolution }
  | { kind: 'outside'; resolved: Exclude<Resolved, { to: 'file' | 'files' }> }
  /** The file is ours, the name is not in it. */
  | { kind: 'missing'; file: LinkedFile; name: string }
  /** Nothing can be said: computed exports, plain locals. */
  | { kind: 'unknown' }

export type SymbolFound = Extract<Found, { kind: 'symbol' }>

/** A target followed to its end; `complete` is false where members were left over (a property of a known object). */
export interface Followed {
  found: Found
  complete: boolean
}

/** Looks members up: in classes and what they extend, in objects, namespaces, and on the instances that variables hold. */
export interface Members {
  /** `this.x`, `super.x` inside the class of the target. */
  ofSelf: (file: LinkedFile, target: Target) => SymbolFound | undefined
  /** `value.x`: of the class itself, of an object, or of the instance that a variable holds. */
  ofValue: (found: SymbolFound, name: string, seen: Set<string>, given?: number) => SymbolFound | undefined
  /** `instance.x` of a class or interface. */
  ofInstance: (found: SymbolFound, name: string, seen: Set<string>, given?: number) => SymbolFound | undefined
}

/** Bases of classes round bases of classes: Java and C++ inherit types too, though nobody goes further than this. */
const MAX_NESTING = 3

type Follow = (file: LinkedFile, target: Target, space: 'value' | 'type', seen?: Set<string>) => Followed

/** `follow` leads from a base class or a receiver as written to its symbol. */
export function createMembers(follow: Follow, extensions: Extensions): Members {
  const known = Array.from({ length: MAX_NESTING }, () => new WeakMap<Target, Followed>())
  let nesting = 0

  /**
   * What a class extends. Where names are looked up by the linker, to find one base may need those of the classes round it, and so on: classes that
   * name each other would be followed for ever. How far depends on the nesting alone, so that the answer does not depend on who asks first.
   */
  function followBase(file: LinkedFile, base: Target): Followed {
    if (base.base !== 'name') return follow(file, base, 'value')
    const answers = known[nesting]
    const answer = answers?.get(base)
    if (answer || answers === undefined) return answer ?? { found: { kind: 'unknown' }, complete: false }
    nesting++
    try {
      const followed = follow(file, base, 'value')
      answers.set(base, followed)
      return followed
    } finally {
      nesting--
    }
  }

  /** How many arguments what is looked for must take; undefined where that does not count. */
  let wanted: number | undefined

  /** Looks for what takes so many arguments; where nothing does, for anything of the name, which is then less than certain. */
  function choose(given: number | undefined, look: () => SymbolFound | undefined): SymbolFound | undefined {
    const before = wanted
    try {
      wanted = given
      const found = look()
      if (found || given === undefined) return found
      wanted = undefined
      const any = look()
      return any && { ...any, resolution: 'inferred' }
    } finally {
      wanted = before
    }
  }

  const ofSelf: Members['ofSelf'] = (file, target) => choose(target.given, () => self(file, target))
  const ofValue: Members['ofValue'] = (found, name, seen, given) => {
    const known = [...seen]
    return choose(given, () => memberOfValue(found, name, new Set(known)))
  }
  const ofInstance: Members['ofInstance'] = (found, name, seen, given) => {
    const known = [...seen]
    return choose(given, () => memberOfInstance(found, name, new Set(known)))
  }

  function self(file: LinkedFile, { base, index, members }: Target): SymbolFound | undefined {
    const name = members[0]
    if (name === undefined) return undefined
    const isStatic = base.startsWith('static')
    const own: SymbolFound = { kind: 'symbol', file, value: index, resolution: 'exact' }
    if (!base.endsWith('super'))
      return classMember(own, name, isStatic, new Set()) ?? classMember(own, name, !isStatic, new Set())
    const symbol = file.facts.symbols[index] as SymbolFact
    return inherited(file, symbol, name, isStatic, new Set())
  }

  /** A member of a value: of the class itself, of an object, or of the instance that a variable holds. */
  function memberOfValue(found: SymbolFound, name: string, seen: Set<string>): SymbolFound | undefined {
    const index = found.value ?? found.type
    if (index === undefined) return undefined
    const symbol = found.file.facts.symbols[index] as SymbolFact
    const key = `${found.file.path}#${index}`
    if (symbol.kind === 'variable' && (symbol.instanceOf || symbol.typedAs) && !seen.has(key)) {
      seen.add(key)
      const space = symbol.instanceOf ? 'value' : 'type'
      const type = follow(found.file, (symbol.instanceOf ?? symbol.typedAs) as Target, space, seen)
      if (!type.complete || type.found.kind !== 'symbol') return undefined
      const member = memberOfInstance(type.found, name, new Set())
      return member && symbol.instanceOf === undefined ? { ...member, resolution: 'inferred' } : member
    }
    const own = classMember(found, name, true, new Set())
    if (own || isScript(found.file)) return own
    return classMember(found, name, false, new Set())
  }

  /** A member of an instance of a class or interface; nothing for functions, whose result is not known. */
  function memberOfInstance(found: SymbolFound, name: string, seen: Set<string>): SymbolFound | undefined {
    for (const index of new Set([found.value, found.type])) {
      const symbol = index === undefined ? undefined : found.file.facts.symbols[index]
      if (symbol === undefined || !INSTANCES.has(symbol.kind)) continue
      const self = { ...found, value: index as number }
      const member = classMember(self, name, false, seen)
      if (member) return member
      // Other languages than JavaScript find static methods on instances too.
      const shared = isScript(found.file) ? undefined : classMember(self, name, true, new Set())
      if (shared) return shared
    }
    return undefined
  }

  function classMember(
    found: SymbolFound,
    name: string,
    isStatic: boolean,
    seen: Set<string>,
  ): SymbolFound | undefined {
    const index = found.value ?? found.type
    if (index === undefined || seen.has(`${found.file.path}#${index}`)) return undefined
    seen.add(`${found.file.path}#${index}`)
    const { facts } = found.file
    const symbol = facts.symbols[index] as SymbolFact
    const isClass = symbol.kind === 'class' || symbol.kind === 'interface' || symbol.kind === 'function'
    const own = (membersOf(found.file, index)?.get(name) ?? []).filter((at) => takes(facts.symbols[at], wanted))
    const fitting = own.filter((at) => !isClass || isVisible(facts.symbols[at] as SymbolFact, symbol, isStatic))
    const [fits] = fitting
    const isDeclared = fits !== undefined && facts.symbols[fits]?.isDeclaration !== true
    const extension = isDeclared ? undefined : extensions(found.file, index, name)
    if (extension) return symbolFound(extension.file, extension.index, extension.index, found.resolution)
    // Several that take as many arguments differ by types, which are not known here.
    const isChosen = wanted === undefined || fitting.length === 1
    if (fits !== undefined) return symbolFound(found.file, fits, fits, isChosen ? found.resolution : 'inferred')
    return inherited(found.file, symbol, name, isStatic, seen)
  }

  /** Functions nested in a function are no members of it. */
  function isVisible(member: SymbolFact, owner: SymbolFact, isStatic: boolean): boolean {
    if (owner.kind === 'function' && member.kind !== 'method') return false
    return owner.kind === 'interface' || (member.isStatic ?? false) === isStatic
  }

  function inherited(
    file: LinkedFile,
    symbol: SymbolFact,
    name: string,
    isStatic: boolean,
    seen: Set<string>,
  ): SymbolFound | undefined {
    for (const base of symbol.bases ?? []) {
      const { found, complete } = followBase(file, base)
      if (!complete || found.kind !== 'symbol') continue
      const index = found.value ?? found.type
      const member = index === undefined ? undefined : classMember({ ...found, value: index }, name, isStatic, seen)
      if (member) return member
    }
    return undefined
  }

  return { ofSelf, ofValue, ofInstance }
}

/** Whether a member can be called with so many arguments. Those of classes without names are nobody else's. */
function takes(symbol: SymbolFact | undefined, given: number | undefined): boolean {
  if (symbol === undefined || symbol.anonymous !== undefined) return false
  return given === undefined || accepts(symbol, given)
}

/** Whether something takes so many arguments, as far as that is known. */
export function accepts({ parameters }: SymbolFact, given: number | undefined): boolean {
  return given === undefined || parameters === undefined || (given >= parameters[0] && given <= parameters[1])
}

/** What instances can be of: a function where it is used as a constructor, a named type where methods belong to it (Go). */
const INSTANCES = new Set(['class', 'interface', 'enum', 'type', 'function'])

function isScript({ facts: { language } }: LinkedFile): boolean {
  return ['typescript', 'javascript', 'vue', 'svelte'].includes(language)
}

/** A found symbol. */
export function symbolFound(
  file: LinkedFile,
  value: number | undefined,
  type: number | undefined,
  resolution: Resolution = 'exact',
): SymbolFound {
  const found: SymbolFound = { kind: 'symbol', file, resolution }
  if (value !== undefined) found.value = value
  if (type !== undefined) found.type = type
  return found
}

import type { Resolved } from '../resolve/javascript.ts'
import type { PythonResolver } from '../resolve/python.ts'
import type { ExportFact, Resolution, SymbolFact, Target } from '../types.ts'
import type { LinkContext, LinkedFile } from './context.ts'
import { membersOf } from './context.ts'

/** What a name turned out to be. */
export type Found =
  | { kind: 'symbol'; file: LinkedFile; value?: number; type?: number; resolution: Resolution }
  | { kind: 'module'; file: LinkedFile; resolution: Resolution }
  | { kind: 'outside'; resolved: Exclude<Resolved, { to: 'file' }> }
  /** The file is ours, the name is not in it. */
  | { kind: 'missing'; file: LinkedFile; name: string }
  /** Nothing can be said: computed exports, plain locals. */
  | { kind: 'unknown' }

type SymbolFound = Extract<Found, { kind: 'symbol' }>

/** A target followed to its end; `complete` is false where members were left over (a property of a known object). */
export interface Followed {
  found: Found
  complete: boolean
}

export interface Names {
  /** What `name` of a file stands for to those who import it. */
  exported: (file: LinkedFile, name: string) => Found
  /** What an export statement itself gives away. */
  exportFact: (file: LinkedFile, fact: ExportFact) => Found
  follow: (file: LinkedFile, target: Target, space: 'value' | 'type') => Followed
}

const MAX_DEPTH = 24
const UNKNOWN: Found = { kind: 'unknown' }

/** Follows names through imports, re-exports and classes to the symbols they stand for. */
export function createNames(context: LinkContext, python: PythonResolver): Names {
  const cache = new Map<LinkedFile, Map<string, Found>>()

  function exported(file: LinkedFile, name: string, seen: Set<string> = new Set()): Found {
    const known = cache.get(file)?.get(name)
    if (known) return known
    const key = `${file.path}\0${name}`
    if (seen.has(key)) return { kind: 'missing', file, name }
    seen.add(key)
    const found = findExport(file, name, seen)
    // Inside a cycle of re-exports an answer may be partial: only the outermost one is kept.
    if (seen.values().next().value === key) {
      const names = cache.get(file) ?? new Map<string, Found>()
      names.set(name, found)
      cache.set(file, names)
    }
    return found
  }

  function findExport(file: LinkedFile, name: string, seen: Set<string>): Found {
    if (!isCode(file)) return UNKNOWN
    const own = file.exportsByName.get(name) ?? []
    if (own.length > 0) return merge(own.map((at) => exportFact(file, file.facts.exports[at] as ExportFact, seen)))
    if (name === 'default' && file.exportsByName.has('export=')) return exported(file, 'export=', seen)
    if (name === 'default' && file.facts.commonjs) return { kind: 'module', file, resolution: 'exact' }
    let open = file.facts.opaque
    if (name !== 'default') {
      for (const at of file.exportsByName.get('*') ?? []) {
        const star = importedOf(file, (file.facts.exports[at] as ExportFact).import as number, '*', seen)
        if (star.kind !== 'module') open = open || star.kind === 'outside' || star.kind === 'unknown'
        else {
          const found = exported(star.file, name, seen)
          if (found.kind === 'symbol' || found.kind === 'module' || found.kind === 'outside') return found
          if (found.kind === 'unknown') open = true
        }
      }
    }
    if (file.facts.language === 'python')
      return submodule(file, name) ?? (open ? UNKNOWN : { kind: 'missing', file, name })
    const whole = file.exportsByName.has('export=') && name !== 'export=' ? exported(file, 'export=', seen) : undefined
    if (whole?.kind === 'symbol') return memberOf(whole, name, new Set()) ?? UNKNOWN
    if (whole !== undefined) return UNKNOWN
    return open || noSyntax(file) ? UNKNOWN : { kind: 'missing', file, name }
  }

  function submodule(file: LinkedFile, name: string): Found | undefined {
    const found = /^(.*\/|)__init__\.pyi?$/.exec(file.path)
    const folder = found?.[1]
    if (folder === undefined) return undefined
    const path = [`${folder}${name}/__init__.py`, `${folder}${name}.py`, `${folder}${name}.pyi`].find(
      context.byPath.has,
      context.byPath,
    )
    const target = path === undefined ? undefined : context.byPath.get(path)
    return target ? { kind: 'module', file: target, resolution: 'exact' } : undefined
  }

  function exportFact(file: LinkedFile, fact: ExportFact, seen: Set<string> = new Set()): Found {
    if (fact.symbol !== undefined || fact.typeSymbol !== undefined)
      return symbolFound(file, fact.symbol, fact.typeSymbol)
    if (fact.binding !== undefined) return bound(file, fact.binding, seen)
    if (fact.import !== undefined) return importedOf(file, fact.import, fact.imported ?? '*', seen)
    return UNKNOWN
  }

  function bound(file: LinkedFile, index: number, seen: Set<string>): Found {
    const binding = file.facts.bindings[index]
    return binding ? importedOf(file, binding.import, binding.imported, seen) : UNKNOWN
  }

  function importedOf(file: LinkedFile, index: number, imported: string, seen: Set<string>): Found {
    const fact = file.facts.imports[index]
    const resolved = file.resolved[index]
    if (fact === undefined || resolved === undefined) return UNKNOWN
    if (fact.form === 'python') {
      if (imported === '*root') return moduleFound(python.file(fact.request.split('.')[0] as string, file.path))
      if (imported !== '*') return pythonName(file, index, imported, seen)
    }
    if (resolved.to !== 'file') return { kind: 'outside', resolved }
    const target = context.byPath.get(resolved.path)
    if (target === undefined) return UNKNOWN
    if (imported === '*') return { kind: 'module', file: target, resolution: resolved.resolution }
    return weaken(exported(target, imported, seen), resolved.resolution)
  }

  /** `from x import name`: an attribute of x, or else its submodule. */
  function pythonName(file: LinkedFile, index: number, name: string, seen: Set<string>): Found {
    const fact = file.facts.imports[index] as LinkedFile['facts']['imports'][number]
    const resolved = file.resolved[index] as Resolved
    const target = resolved.to === 'file' ? context.byPath.get(resolved.path) : undefined
    const attribute = target && exported(target, name, seen)
    if (attribute && attribute.kind !== 'missing' && attribute.kind !== 'unknown') return attribute
    const path = python.submodule(fact, name, file.path)
    if (path !== undefined) return moduleFound(path)
    return attribute ?? (resolved.to === 'file' ? UNKNOWN : { kind: 'outside', resolved })
  }

  function moduleFound(path: string | undefined): Found {
    const file = path === undefined ? undefined : context.byPath.get(path)
    return file ? { kind: 'module', file, resolution: 'exact' } : UNKNOWN
  }

  // Types that refer to themselves would be followed for ever; honest chains are a few steps long.
  let depth = 0

  function follow(file: LinkedFile, target: Target, space: 'value' | 'type', seen: Set<string> = new Set()): Followed {
    if (depth >= MAX_DEPTH) return { found: UNKNOWN, complete: false }
    depth++
    try {
      return followTarget(file, target, space, seen)
    } finally {
      depth--
    }
  }

  function followTarget(file: LinkedFile, target: Target, space: 'value' | 'type', seen: Set<string>): Followed {
    let followed = followBase(file, target, space, seen)
    if (target.instance === undefined) return followed
    const receiver = followed.found
    if (!followed.complete || receiver.kind !== 'symbol') return { found: UNKNOWN, complete: false }
    for (const name of target.onInstance ?? []) {
      const found = instanceMember(receiver, name, new Set())
      if (found === undefined) return { found: UNKNOWN, complete: false }
      const weaker = target.instance === 'type' ? ('inferred' as const) : found.resolution
      followed = { found: { ...found, resolution: weaker }, complete: true }
    }
    return followed
  }

  function followBase(file: LinkedFile, target: Target, space: 'value' | 'type', seen: Set<string>): Followed {
    const { base, index } = target
    if (base !== 'symbol' && base !== 'binding') return { found: selfMember(file, target) ?? UNKNOWN, complete: true }
    let found = base === 'symbol' ? symbolFound(file, index, index) : bound(file, index, new Set())
    const members = [...target.members]
    while (members.length > 0) {
      const next = step(found, members[0] as string, seen)
      if (next === undefined) return { found: whole(found), complete: false }
      members.shift()
      found = next
    }
    return { found: space === 'value' ? whole(found) : found, complete: true }
  }

  /** One member of what was found so far; undefined where it has no node of its own. */
  function step(found: Found, name: string, seen: Set<string>): Found | undefined {
    if (found.kind === 'module') return exported(found.file, name)
    if (found.kind === 'symbol') return memberOf(found, name, seen)
    return undefined
  }

  /** A module used as a value is what it assigns to module.exports. */
  function whole(found: Found): Found {
    return found.kind === 'module' && found.file.exportsByName.has('export=') ? exported(found.file, 'export=') : found
  }

  function selfMember(file: LinkedFile, { base, index, members }: Target): Found | undefined {
    const name = members[0]
    if (name === undefined) return undefined
    const isStatic = base.startsWith('static')
    const self: SymbolFound = { kind: 'symbol', file, value: index, resolution: 'exact' }
    if (!base.endsWith('super'))
      return classMember(self, name, isStatic, new Set()) ?? classMember(self, name, !isStatic, new Set())
    const symbol = file.facts.symbols[index] as SymbolFact
    return inherited(file, symbol, name, isStatic, new Set())
  }

  /** A member of a value: of the class itself, of an object, or of the instance that a variable holds. */
  function memberOf(found: SymbolFound, name: string, seen: Set<string>): Found | undefined {
    const index = found.value ?? found.type
    if (index === undefined) return undefined
    const symbol = found.file.facts.symbols[index] as SymbolFact
    const key = `${found.file.path}#${index}`
    if (symbol.kind === 'variable' && (symbol.instanceOf || symbol.typedAs) && !seen.has(key)) {
      seen.add(key)
      const space = symbol.instanceOf ? 'value' : 'type'
      const type = follow(found.file, (symbol.instanceOf ?? symbol.typedAs) as Target, space, seen)
      if (!type.complete || type.found.kind !== 'symbol') return undefined
      const member = instanceMember(type.found, name, new Set())
      return member && symbol.instanceOf === undefined ? { ...member, resolution: 'inferred' } : member
    }
    const own = classMember(found, name, true, new Set())
    if (own || found.file.facts.language !== 'python') return own
    return classMember(found, name, false, new Set())
  }

  /** A member of an instance of a class or interface; nothing for functions, whose result is not known. */
  function instanceMember(found: SymbolFound, name: string, seen: Set<string>): SymbolFound | undefined {
    for (const index of new Set([found.value, found.type])) {
      const symbol = index === undefined ? undefined : found.file.facts.symbols[index]
      if (symbol === undefined || !['class', 'interface', 'function'].includes(symbol.kind)) continue
      const member = classMember({ ...found, value: index as number }, name, false, seen)
      if (member) return member
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
    const own = membersOf(found.file, index)?.get(name) ?? []
    const fits = own.find((at) => !isClass || isVisible(facts.symbols[at] as SymbolFact, symbol, isStatic))
    if (fits !== undefined) return symbolFound(found.file, fits, fits, found.resolution)
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
      const { found, complete } = follow(file, base, 'value')
      if (!complete || found.kind !== 'symbol') continue
      const index = found.value ?? found.type
      const member = index === undefined ? undefined : classMember({ ...found, value: index }, name, isStatic, seen)
      if (member) return member
    }
    return undefined
  }

  return {
    exported: (file, name) => exported(file, name),
    exportFact: (file, fact) => exportFact(file, fact),
    follow: (file, target, space) => follow(file, target, space),
  }
}

function symbolFound(
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

/** A value and a type of the same name are one export. */
function merge(list: Found[]): Found {
  const symbols = list.filter((found): found is SymbolFound => found.kind === 'symbol')
  if (symbols.length === 0) return list[0] as Found
  const [first, ...rest] = symbols as [SymbolFound, ...SymbolFound[]]
  const merged = { ...first }
  for (const other of rest) {
    if (other.file !== first.file) continue
    if (merged.value === undefined && other.value !== undefined) merged.value = other.value
    if (merged.type === undefined && other.type !== undefined) merged.type = other.type
  }
  return merged
}

function weaken(found: Found, resolution: Resolution): Found {
  const weaker = resolution === 'inferred' && (found.kind === 'symbol' || found.kind === 'module')
  return weaker ? { ...found, resolution } : found
}

function isCode(file: LinkedFile): boolean {
  return ['typescript', 'javascript', 'python'].includes(file.facts.language)
}

/** Files without any export (scripts, files that were not read) say nothing about names. */
function noSyntax(file: LinkedFile): boolean {
  return file.facts.exports.length === 0
}

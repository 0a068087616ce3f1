import type { PythonResolver } from '../resolve/python.ts'
import type { Resolved } from '../resolve/resolved.ts'
import type { ExportFact, Resolution, Target } from '../types.ts'
import type { LinkContext, LinkedFile } from './context.ts'
import { createExtensions } from './extensions.ts'
import type { Lookups, MemberLookup } from './lookup/index.ts'
import type { Followed, Found, SymbolFound } from './members.ts'
import { createMembers, symbolFound } from './members.ts'
import { nameIn } from './reads.ts'

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
export function createNames(context: LinkContext, python: PythonResolver, lookups: Lookups): Names {
  const cache = new Map<LinkedFile, Map<string, { found: Found; reads: ReadonlySet<string> }>>()

  function exported(file: LinkedFile, name: string, seen: Set<string> = new Set()): Found {
    context.reads.note(nameIn(file.path, name))
    const known = cache.get(file)?.get(name)
    if (known) {
      context.reads.add(known.reads)
      return known.found
    }
    const key = `${file.path}\0${name}`
    if (seen.has(key)) return { kind: 'missing', file, name }
    seen.add(key)
    const { value: found, paths: reads } = context.reads.during(() => findExport(file, name, seen))
    // Inside a cycle of re-exports an answer may be partial: only the outermost one is kept.
    if (seen.values().next().value === key) {
      const names = cache.get(file) ?? new Map<string, { found: Found; reads: ReadonlySet<string> }>()
      names.set(name, { found, reads })
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
    if (whole?.kind === 'symbol') return members.ofValue(whole, name, new Set()) ?? UNKNOWN
    if (whole !== undefined) return UNKNOWN
    return open || noSyntax(file) ? UNKNOWN : { kind: 'missing', file, name }
  }

  function submodule(file: LinkedFile, name: string): Found | undefined {
    const found = /^(.*\/|)__init__\.pyi?$/.exec(file.path)
    const folder = found?.[1]
    if (folder === undefined) return undefined
    for (const path of [`${folder}${name}/__init__.py`, `${folder}${name}.py`, `${folder}${name}.pyi`]) {
      const file = context.byPath.getFor(path, '')
      if (file) return { kind: 'module', file, resolution: 'exact' }
    }
    return undefined
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
    if (resolved.to === 'files') return UNKNOWN
    if (resolved.to !== 'file') return { kind: 'outside', resolved }
    const target = context.byPath.getFor(resolved.runs ?? resolved.path, '')
    if (target === undefined) return UNKNOWN
    if (imported === '*') return { kind: 'module', file: target, resolution: resolved.resolution }
    return weaken(exported(target, imported, seen), resolved.resolution)
  }

  /** `from x import name`: an attribute of x, or else its submodule. */
  function pythonName(file: LinkedFile, index: number, name: string, seen: Set<string>): Found {
    const fact = file.facts.imports[index] as LinkedFile['facts']['imports'][number]
    const resolved = file.resolved[index] as Resolved
    const target = resolved.to === 'file' ? context.byPath.getFor(resolved.path, '') : undefined
    const attribute = target && exported(target, name, seen)
    if (attribute && attribute.kind !== 'missing' && attribute.kind !== 'unknown') return attribute
    const path = python.submodule(fact, name, file.path)
    if (path !== undefined) return moduleFound(path)
    return attribute ?? (resolved.to === 'file' || resolved.to === 'files' ? UNKNOWN : { kind: 'outside', resolved })
  }

  function moduleFound(path: string | undefined): Found {
    const file = path === undefined ? undefined : context.byPath.getFor(path, '')
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
      const found = members.ofInstance(receiver, name, new Set(), target.given)
      if (found === undefined) return { found: UNKNOWN, complete: false }
      // A declared type may stand for another that extends it; Go's structs have none.
      const isFinal = file.facts.language === 'go' && kindOf(receiver) !== 'interface'
      const weaker = target.instance === 'type' && !isFinal ? ('inferred' as const) : found.resolution
      followed = { found: { ...found, resolution: weaker }, complete: true }
    }
    return followed
  }

  function followBase(file: LinkedFile, target: Target, space: 'value' | 'type', seen: Set<string>): Followed {
    const { base, index } = target
    if (base === 'name') return lookups.follow(file, target, memberLookup)
    if (base !== 'symbol' && base !== 'binding') {
      const found = members.ofSelf(file, target) ?? UNKNOWN
      // `this.constructor` is that of whatever class the instance is of.
      const isOpen = target.loose || (target.members[0] === 'constructor' && base.endsWith('this'))
      return { found: isOpen ? weaken(found, 'inferred') : found, complete: true }
    }
    let found = base === 'symbol' ? symbolFound(file, index, index) : bound(file, index, new Set())
    const rest = [...target.members]
    while (rest.length > 0) {
      const next = step(found, rest[0] as string, seen)
      if (next === undefined) return { found: whole(found), complete: false }
      rest.shift()
      found = next
    }
    return { found: space === 'value' ? whole(found) : found, complete: true }
  }

  /** One member of what was found so far; undefined where it has no node of its own. */
  function step(found: Found, name: string, seen: Set<string>): Found | undefined {
    if (found.kind === 'module') return exported(found.file, name)
    if (found.kind === 'symbol') return members.ofValue(found, name, seen)
    return undefined
  }

  /** A module used as a value is what it assigns to module.exports. */
  function whole(found: Found): Found {
    return found.kind === 'module' && found.file.exportsByName.has('export=') ? exported(found.file, 'export=') : found
  }

  const members = createMembers(follow, createExtensions(context.files, follow))
  const memberLookup: MemberLookup = {
    self: (file, class_, name, given) =>
      members.ofSelf(file, { base: 'this', index: class_, members: [name], ...(given === undefined ? {} : { given }) }),
    any: (found, name, given) => members.ofValue(found, name, new Set(), given),
  }

  return {
    exported: (file, name) => exported(file, name),
    exportFact: (file, fact) => exportFact(file, fact),
    follow: (file, target, space) => follow(file, target, space),
  }
}

function kindOf({ file, value, type }: SymbolFound): string | undefined {
  return file.facts.symbols[value ?? type ?? -1]?.kind
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
  return ['typescript', 'javascript', 'python', 'vue', 'svelte'].includes(file.facts.language)
}

/** Files without any export (scripts, files that were not read) say nothing about names. */
function noSyntax(file: LinkedFile): boolean {
  return file.facts.exports.length === 0
}

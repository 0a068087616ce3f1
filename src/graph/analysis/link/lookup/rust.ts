import type { Resolved } from '../../resolve/resolved.ts'
import type { BindingFact, ImportFact, SymbolFact } from '../../types.ts'
import type { LinkContext, LinkedFile } from '../context.ts'
import type { Found } from '../members.ts'
import { aroundOf, createQualified } from './qualified.ts'
import { readCrates } from './rust-crates.ts'
import { createRustModules } from './rust-modules.ts'
import type { Hit, LanguageLookup } from './types.ts'

const STANDARD = new Set(['std', 'core', 'alloc', 'proc_macro', 'test'])

const isModule = ({ names }: ImportFact) => names?.[0] === 'mod'

/** Rust: modules as `mod` places them in files, names as `use` brings them there (The Rust Reference, "Paths", "Use declarations"). */
export function createRustLookup({ tree }: LinkContext, files: LinkedFile[]): LanguageLookup {
  const crates = readCrates(tree)
  const modules = createRustModules(tree, crates, files)
  const qualified = createQualified(files, modules.of)
  const bindings = createBindings()

  /** A path with `crate`, `self`, `super` and the names of crates settled; undefined for what is outside, or near. */
  function absolute(path: string[], module: string[]): string[] | undefined {
    const [first, ...rest] = path as [string, ...string[]]
    if (first === 'crate' || first === '$crate') return [module[0] as string, ...rest]
    if (first === 'self' || first === '@self') return [...module, ...rest]
    if (first === 'super') {
      const outer = module.slice(0, -1)
      return outer.length === 0 ? undefined : rest[0] === 'super' ? absolute(rest, outer) : [...outer, ...rest]
    }
    if (first === '') return crates.has(rest[0] ?? '') ? rest : undefined
    return crates.has(first) ? path : undefined
  }

  /** A path of `use` as it stands in a module: what is near goes before crates of the same name. */
  function settle(path: string[], module: string[], file: LinkedFile, seen = new Set<string>()): string[] | undefined {
    if (['crate', '$crate', 'self', '@self', 'super'].includes(path[0] as string)) return absolute(path, module)
    const isOld = crates.of(file.path)?.isOld === true
    const plain = path[0] === '' ? path.slice(1) : path
    const base = isOld ? module.slice(0, 1) : module
    if (path[0] !== '' || isOld) {
      const near = at([...base, plain[0] as string], file, seen)
      if (near && near.used > base.length) return [...base, ...plain]
    }
    return absolute(path, module)
  }

  /** What a settled path names: a symbol, a module, or what the module gives away with `pub use`. */
  function at(path: string[], from: LinkedFile, seen = new Set<string>()): Hit | undefined {
    for (let used = path.length; used > 0; used--) {
      const own = modules.canonical(path.slice(0, used))
      const found = qualified.find(own, from)
      const symbol = found?.kind === 'symbol' ? (found.file.facts.symbols[found.value ?? -1] as SymbolFact) : undefined
      const file = modules.file(own)
      const isName = symbol !== undefined && symbol.kind !== 'namespace' && (used === path.length || file === undefined)
      if (found && isName) return { found, used }
      const place: Found | undefined = file
        ? { kind: 'module', file, resolution: 'exact' }
        : symbol?.kind === 'namespace'
          ? found
          : undefined
      if (place?.kind !== 'module' && place?.kind !== 'symbol') continue
      if (used === path.length) return { found: place, used }
      const given = byBinding(place.file, path.slice(used), own, seen)
      return given ? { found: given.found, used: used + given.used } : { found: place, used }
    }
    return undefined
  }

  /** By what a module imports. Modules that import all of each other (`use super::*`) are asked once for a name: `seen`. */
  function byBinding(file: LinkedFile, path: string[], module: string[], seen = new Set<string>()): Hit | undefined {
    const around = module.slice(modules.of(file).length).join('::')
    const question = `${file.path} ${around} ${path[0]}`
    if (seen.has(question)) return undefined
    seen.add(question)
    return amongBindings(bindings.inModule(file, around), { file, path, module, seen })
  }

  function amongBindings(list: readonly BindingFact[], about: Place): Hit | undefined {
    for (const wanted of [about.path[0] as string, '*']) {
      for (const binding of list) {
        const hit = binding.local === wanted ? byOne(binding, about) : undefined
        if (hit) return hit
      }
    }
    return undefined
  }

  function byOne(binding: BindingFact, { file, path, module, seen }: Place): Hit | undefined {
    const fact = file.facts.imports[binding.import] as ImportFact
    const request = fact.request.split('::')
    const settled = isModule(fact) ? [...module, fact.request] : settle(request, module, file, seen)
    const isAll = binding.local === '*'
    if (settled === undefined)
      return isAll ? undefined : { found: { kind: 'outside', resolved: external(request, file) }, used: 1 }
    const full = isAll ? [...settled, path[0] as string] : settled
    const hit = at([...full, ...path.slice(1)], file, seen)
    if (hit && hit.used >= full.length) return { found: hit.found, used: hit.used - full.length + 1 }
    const made = isAll || hit === undefined ? undefined : madeIn(hit, full)
    return made && { found: made, used: 1 }
  }

  /** The module that a name is of which nothing there defines: macros make such names. */
  function madeIn({ found, used }: Hit, path: readonly string[]): Found | undefined {
    const isPlace = found.kind === 'module' || (found.kind === 'symbol' && isNamespace(found))
    return isPlace && used === path.length - 1 && used > 1
      ? { kind: 'module', file: found.file, resolution: 'inferred' }
      : undefined
  }

  function external(path: string[], file: LinkedFile): Extract<Resolved, { to: 'external' }> {
    const name = (path[0] === '' ? path[1] : path[0]) ?? ''
    if (STANDARD.has(name)) return { to: 'external', ecosystem: 'rust', name, resolution: 'exact' }
    const isDeclared = crates.of(file.path)?.dependencies.has(name) === true
    return { to: 'external', ecosystem: 'crates', name, resolution: isDeclared ? 'exact' : 'inferred' }
  }

  return {
    implicitSelf: false,
    resolve(fact, file) {
      if (isModule(fact)) {
        const { path, wanted } = modules.place(fact, file)
        return path === undefined ? { to: 'unresolved', name: wanted } : { to: 'file', path, resolution: 'exact' }
      }
      const path = fact.request.split('::')
      const module = [...modules.of(file), ...aroundOf(file, fact.within ?? -1, false)]
      const isKeyword = ['crate', 'self', 'super'].includes(path[0] as string)
      const settled = settle(path, module, file)
      if (settled === undefined) return isKeyword ? { to: 'unresolved', name: fact.request } : external(path, file)
      const isAll = file.facts.bindings.some(
        ({ local, import: index }) => local === '*' && file.facts.imports[index] === fact,
      )
      // A function may have the name of a module: all of it is all of the module.
      const module_ = isAll ? modules.file(modules.canonical(settled)) : undefined
      if (module_) return { to: 'file', path: module_.path, resolution: 'exact' }
      const hit = at(settled, file)
      const found = hit && (hit.used >= settled.length ? hit.found : madeIn(hit, settled))
      if (found?.kind === 'symbol' || found?.kind === 'module')
        return { to: 'file', path: found.file.path, resolution: found.resolution }
      // A member of a type, or of what is given away from outside.
      if (hit?.found.kind === 'symbol' && !isNamespace(hit.found))
        return { to: 'file', path: hit.found.file.path, resolution: hit.found.resolution }
      if (hit?.found.kind === 'outside') return hit.found.resolved
      return { to: 'unresolved', name: fact.request }
    },
    inner(file, path, from) {
      for (const { list, within } of bindings.inFunctions(file, from)) {
        const module = [...modules.of(file), ...aroundOf(file, within, false)]
        const hit = amongBindings(list, { file, path, module, seen: new Set() })
        if (hit) return hit
      }
      return undefined
    },
    outer(file, path, around) {
      const module = [...modules.of(file), ...around]
      const isKeyword = ['crate', '$crate', 'self', '@self', 'super', ''].includes(path[0] as string)
      const near = isKeyword ? undefined : at([...module, ...path], file)
      if (near && near.used > module.length) return { found: near.found, used: near.used - module.length }
      const settled = absolute(path, module)
      const hit = settled && at(settled, file)
      return hit && { found: hit.found, used: Math.max(1, hit.used - (settled as string[]).length + path.length) }
    },
  }
}

/** A name that is asked for, and where. */
interface Place {
  file: LinkedFile
  path: string[]
  module: string[]
  seen: Set<string>
}

function isNamespace({ file, value }: Extract<Found, { kind: 'symbol' }>): boolean {
  return file.facts.symbols[value ?? -1]?.kind === 'namespace'
}

/** Names that files import, by where the imports stand: in a module (by its path inside of the file) or in a function. */
function createBindings() {
  const known = new Map<LinkedFile, { modules: Map<string, BindingFact[]>; functions: Map<number, BindingFact[]> }>()
  const of = (file: LinkedFile) => {
    const done = known.get(file)
    if (done) return done
    const made = { modules: new Map<string, BindingFact[]>(), functions: new Map<number, BindingFact[]>() }
    for (const binding of file.facts.bindings) {
      const within = file.facts.imports[binding.import]?.within ?? -1
      const kind = file.facts.symbols[within]?.kind
      if (kind === undefined || kind === 'namespace')
        put(made.modules, aroundOf(file, within, false).join('::'), binding)
      else put(made.functions, within, binding)
    }
    known.set(file, made)
    return made
  }
  return {
    inModule: (file: LinkedFile, around: string): readonly BindingFact[] => of(file).modules.get(around) ?? [],
    /** Of the functions round a symbol, innermost first. */
    *inFunctions(file: LinkedFile, from: number) {
      const { functions } = of(file)
      if (functions.size === 0) return
      for (let within = from; within >= 0; within = (file.facts.symbols[within] as SymbolFact).parent) {
        const list = functions.get(within)
        if (list) yield { list, within }
      }
    },
  }
}

function put<K>(map: Map<K, BindingFact[]>, key: K, binding: BindingFact): void {
  const same = map.get(key)
  if (same) same.push(binding)
  else map.set(key, [binding])
}

import { parse } from 'smol-toml'
import { property } from '../../resolve/jsonc.ts'
import type { Resolved } from '../../resolve/resolved.ts'
import { ancestors, dirname, join } from '../../resolve/tree.ts'
import type { LinkContext, LinkedFile } from '../context.ts'
import type { Found } from '../members.ts'
import { createQualified } from './qualified.ts'
import type { Hit, LanguageLookup } from './types.ts'

interface Crate {
  folder: string
  name: string
  dependencies: Set<string>
}

const STANDARD = new Set(['std', 'core', 'alloc', 'proc_macro', 'test'])
const identifier = (name: string) => name.replaceAll('-', '_')

function readCrate(text: string, folder: string): Crate | undefined {
  try {
    const manifest = parse(text)
    const name = property(property(manifest, 'package'), 'name')
    const lists = ['dependencies', 'dev-dependencies', 'build-dependencies'].map((key) => property(manifest, key))
    const dependencies = new Set(
      lists.flatMap((list) => Object.keys((list as object | undefined) ?? {})).map(identifier),
    )
    const library = property(property(manifest, 'lib'), 'name')
    return typeof name === 'string'
      ? { folder, name: identifier(typeof library === 'string' ? library : name), dependencies }
      : undefined
  } catch {
    return undefined
  }
}

/** Rust: modules as `mod` places them in files (The Rust Reference, "Modules"), crates by Cargo.toml. */
export function createRustLookup({ tree, byPath }: LinkContext, files: LinkedFile[]): LanguageLookup {
  const crates = tree.paths
    .filter((path) => path === 'Cargo.toml' || path.endsWith('/Cargo.toml'))
    .flatMap((path) => readCrate(tree.read(path) ?? '', dirname(path)) ?? [])
  const crateOf = (file: LinkedFile) => {
    const up = ancestors(dirname(file.path))
    return crates.filter(({ folder }) => up.includes(folder)).sort((a, b) => b.folder.length - a.folder.length)[0]
  }
  const modules = new Map<string, LinkedFile>()
  const moduleOf = (file: LinkedFile) => modulePath(file.path, crateOf(file))
  for (const file of files) {
    const key = moduleOf(file).join('::')
    if (!modules.has(key) || /(?:^|\/)lib\.rs$/.test(file.path)) modules.set(key, file)
  }
  const qualified = createQualified(files, moduleOf)

  /** A path with `crate`, `self`, `super` and the names of crates settled; undefined for what is outside. */
  function absolute(path: string[], module: string[]): string[] | undefined {
    const [first, ...rest] = path as [string, ...string[]]
    if (first === 'crate' || first === '$crate') return [module[0] as string, ...rest]
    if (first === 'self' || first === '@self') return [...module, ...rest]
    if (first === 'super') {
      const outer = module.slice(0, -1)
      return outer.length === 0 ? undefined : rest[0] === 'super' ? absolute(rest, outer) : [...outer, ...rest]
    }
    return crates.some(({ name }) => name === first) ? path : undefined
  }

  /** What a settled path names: a symbol, a module, or what the module gives away with `pub use`. */
  function at(path: string[], from: LinkedFile, seen = new Set<string>()): Hit | undefined {
    for (let used = path.length; used > 0; used--) {
      const found = qualified.find(path.slice(0, used), from)
      if (found?.kind === 'symbol' && found.value !== undefined) return { found, used }
      const file = modules.get(path.slice(0, used).join('::'))
      if (file === undefined) continue
      if (used === path.length) return { found: { kind: 'module', file, resolution: 'exact' }, used }
      const given = byBinding(file, path.slice(used), path.slice(0, used), seen)
      return given
        ? { found: given.found, used: used + given.used }
        : { found: { kind: 'module', file, resolution: 'exact' }, used }
    }
    return undefined
  }

  /** By what a module imports. Modules that import all of each other (`use super::*`) are asked once for a name: `seen`. */
  function byBinding(file: LinkedFile, path: string[], module: string[], seen = new Set<string>()): Hit | undefined {
    const question = `${file.path} ${path[0]}`
    if (seen.has(question)) return undefined
    seen.add(question)
    for (const wanted of [path[0] as string, '*']) {
      for (const binding of file.facts.bindings) {
        const fact = file.facts.imports[binding.import]
        if (binding.local !== wanted || fact === undefined) continue
        const request = fact.request.split('::')
        const start =
          fact.names?.[0] === 'mod' ? [...module, fact.request] : (absolute(request, module) ?? [...module, ...request])
        const full = wanted === '*' ? [...start, path[0] as string] : start
        const hit = at([...full, ...path.slice(1)], file, seen)
        if (hit && hit.used >= full.length) return { found: hit.found, used: hit.used - full.length + 1 }
        if (wanted !== '*' && hit === undefined && fact.names?.[0] !== 'mod' && !absolute(request, module)) {
          const resolved = external(request[0] as string, file)
          return { found: { kind: 'outside', resolved }, used: 1 }
        }
      }
    }
    return undefined
  }

  function external(name: string, file: LinkedFile): Extract<Resolved, { to: 'external' }> {
    if (STANDARD.has(name)) return { to: 'external', ecosystem: 'rust', name, resolution: 'exact' }
    const isDeclared = crateOf(file)?.dependencies.has(name) === true
    return { to: 'external', ecosystem: 'crates', name, resolution: isDeclared ? 'exact' : 'inferred' }
  }

  function declared(request: string, names: string[] | undefined, file: LinkedFile) {
    const folder = dirname(file.path)
    const explicit = names?.[1] === undefined ? undefined : join(folder, names[1])
    const name = file.path.slice(folder === '' ? 0 : folder.length + 1).replace(/\.rs$/, '')
    const isRoot = ['mod', 'lib', 'main'].includes(name) || moduleOf(file).length === 1
    const inside = isRoot ? folder : (join(folder, name) as string)
    const candidates = [explicit, join(inside, `${request}.rs`), join(inside, `${request}/mod.rs`)]
    const path = candidates.find((one) => one !== undefined && tree.has(one))
    return path === undefined
      ? { to: 'unresolved' as const, name: candidates[1] ?? request }
      : { to: 'file' as const, path, resolution: 'exact' as const }
  }

  return {
    implicitSelf: false,
    resolve({ request, names }, file) {
      if (names?.[0] === 'mod') return declared(request, names, file)
      const path = request.split('::')
      const module = moduleOf(file)
      const near = at([...module, path[0] as string], file)
      const isNear = near !== undefined && near.used > module.length
      const settled = absolute(path, module) ?? (isNear ? [...module, ...path] : undefined)
      if (settled) {
        const hit = at(settled, file)
        const found: Found | undefined = hit?.found
        const complete = hit !== undefined && hit.used >= settled.length
        if (found && (found.kind === 'symbol' || (found.kind === 'module' && complete)))
          return { to: 'file', path: found.file.path, resolution: found.resolution }
        if (found?.kind === 'outside') return found.resolved
        return { to: 'unresolved', name: request }
      }
      return external(path[0] as string, file)
    },
    outer(file, path, around) {
      const module = [...moduleOf(file), ...around]
      const settled = absolute(path, module)
      if (settled) {
        const hit = at(settled, file)
        return hit && { found: hit.found, used: Math.max(1, hit.used - settled.length + path.length) }
      }
      const own = at([...module, ...path], file)
      if (own && own.used > module.length) return { found: own.found, used: own.used - module.length }
      return byBinding(byPath.get(file.path) ?? file, path, moduleOf(file))
    },
  }
}

/** Crate and modules of a file. Tests, examples and binaries are crates of their own. */
function modulePath(path: string, crate: Crate | undefined): string[] {
  const inside = crate === undefined || crate.folder === '' ? path : path.slice(crate.folder.length + 1)
  const name = crate?.name ?? ''
  const stem = inside.replace(/\.rs$/, '').replace(/\/mod$/, '')
  const source = /^src\/(.*)$/.exec(stem)?.[1]
  if (source === undefined)
    return crate && /^(?:tests|examples|benches)\//.test(stem) ? [`${name}/${stem}`] : [name, ...stem.split('/')]
  if (source === 'lib' || source === 'main') return [name]
  return source.startsWith('bin/') ? [`${name}/${source}`] : [name, ...source.split('/')]
}

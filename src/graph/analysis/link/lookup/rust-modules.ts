import type { Tree } from '../../resolve/tree.ts'
import { dirname, join } from '../../resolve/tree.ts'
import type { ImportFact } from '../../types.ts'
import type { LinkedFile } from '../context.ts'
import { aroundOf } from './qualified.ts'
import type { Crate, Crates } from './rust-crates.ts'

/** Where the modules of crates are (The Rust Reference, "Modules"). */
export interface RustModules {
  /** The module that a file is; of several the first. */
  of: (file: LinkedFile) => string[]
  /** The file that is a module; undefined for modules inside of files. */
  file: (module: readonly string[]) => LinkedFile | undefined
  /** A path by the first name of the file it goes through: files can be modules of several crates. */
  canonical: (path: readonly string[]) => string[]
  /** Where `mod name;` puts a module. */
  place: (fact: ImportFact, file: LinkedFile) => { path: string | undefined; wanted: string }
}

/** No honest module lies deeper; `path` can lead in circles. */
const MAX_DEPTH = 32

/** Walks from the roots of all crates; what no `mod` leads to is named by where it lies. */
export function createRustModules(tree: Tree, crates: Crates, files: LinkedFile[]): RustModules {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const modules = new Map<string, LinkedFile>()
  const first = new Map<LinkedFile, string[]>()
  /** Files whose modules lie beside them instead of in a folder of their name. */
  const open = new Set<string>()

  function place(fact: ImportFact, file: LinkedFile) {
    const folder = dirname(file.path)
    const name = file.path.slice(folder === '' ? 0 : folder.length + 1).replace(/\.rs$/, '')
    const isOpen = open.has(file.path) || ['mod', 'lib', 'main'].includes(name)
    const around = aroundOf(file, fact.within ?? -1, false)
    const inside = [isOpen ? folder : (join(folder, name) as string), ...around].filter((part) => part !== '').join('/')
    const written = fact.names?.[1]
    const explicit = written === undefined ? undefined : join(around.length > 0 ? inside : folder, written)
    const plain = [join(inside, `${fact.request}.rs`), join(inside, `${fact.request}/mod.rs`)]
    const path = [explicit, ...plain].find((one) => one !== undefined && tree.has(one))
    if (path !== undefined && path === explicit) open.add(path)
    return { path, wanted: explicit ?? plain[0] ?? fact.request }
  }

  function walk(root: LinkedFile, name: string): void {
    const waiting: [LinkedFile, string[]][] = [[root, [name]]]
    for (const [file, module] of waiting) {
      const key = module.join('::')
      if (modules.has(key) || module.length > MAX_DEPTH) continue
      modules.set(key, file)
      if (!first.has(file)) first.set(file, module)
      for (const fact of file.facts.imports) {
        if (fact.names?.[0] !== 'mod') continue
        const child = byPath.get(place(fact, file).path ?? '')
        if (child) waiting.push([child, [...module, ...aroundOf(file, fact.within ?? -1, false), fact.request]])
      }
    }
  }

  const roots = crates.all.flatMap(({ roots }) => roots)
  for (const { path } of roots) open.add(path)
  for (const { path, name } of roots) {
    const root = byPath.get(path)
    if (root) walk(root, name)
  }
  for (const file of files) {
    if (first.has(file)) continue
    const module = modulePath(file.path, crates.of(file.path))
    first.set(file, module)
    const key = module.join('::')
    if (!modules.has(key)) modules.set(key, file)
  }

  const of = (file: LinkedFile) => first.get(file) ?? []
  return {
    of,
    place,
    file: (module) => modules.get(module.join('::')),
    canonical(path) {
      for (let used = path.length; used > 0; used--) {
        const file = modules.get(path.slice(0, used).join('::'))
        if (file) return [...of(file), ...path.slice(used)]
      }
      return [...path]
    },
  }
}

/** Crate and modules of a file by where it lies. Tests, examples and binaries are crates of their own. */
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

import { parse } from 'smol-toml'
import { isRecord, property } from '../../resolve/jsonc.ts'
import type { Tree } from '../../resolve/tree.ts'
import { ancestors, dirname, join } from '../../resolve/tree.ts'

/** A package of Cargo. */
export interface Crate {
  folder: string
  /** As paths name its library. */
  name: string
  dependencies: Set<string>
  /** Whether paths of `use` start at the root of the crate (edition 2015), instead of where they stand. */
  isOld: boolean
  /** Files that are roots of crates, with the name of each; the library first. */
  roots: { path: string; name: string }[]
}

const identifier = (name: string) => name.replaceAll('-', '_')

/** Packages of a tree, and which of them a folder belongs to. */
export interface Crates {
  all: readonly Crate[]
  of: (path: string) => Crate | undefined
  has: (name: string) => boolean
}

/** Reads every Cargo.toml (The Cargo Book, "The Manifest Format", "Package Layout"). */
export function readCrates(tree: Tree): Crates {
  const all = tree.paths
    .filter((path) => path === 'Cargo.toml' || path.endsWith('/Cargo.toml'))
    .flatMap((path) => readCrate(tree, tree.read(path) ?? '', dirname(path)) ?? [])
  const byFolder = new Map(all.map((crate) => [crate.folder, crate]))
  const names = new Set(all.map(({ name }) => name))
  return {
    all,
    of: (path) => ancestors(dirname(path)).flatMap((folder) => byFolder.get(folder) ?? [])[0],
    has: (name) => names.has(name),
  }
}

function readCrate(tree: Tree, text: string, folder: string): Crate | undefined {
  try {
    const manifest = parse(text)
    const name = property(property(manifest, 'package'), 'name')
    if (typeof name !== 'string') return undefined
    const lists = ['dependencies', 'dev-dependencies', 'build-dependencies'].map((key) => property(manifest, key))
    const library = property(property(manifest, 'lib'), 'name')
    const plain = identifier(typeof library === 'string' ? library : name)
    const edition = property(property(manifest, 'package'), 'edition')
    return {
      folder,
      name: plain,
      dependencies: new Set(lists.flatMap((list) => Object.keys(isRecord(list) ? list : {})).map(identifier)),
      isOld: edition === undefined || edition === '2015',
      roots: rootsOf(tree, manifest, folder, plain),
    }
  } catch {
    return undefined
  }
}

/** Programs, tests, examples and benches where Cargo looks for them by itself. */
const TARGETS = /^(?:build\.rs|src\/main\.rs|(?:src\/bin|tests|examples|benches)\/(?:[^/]+\.rs|[^/]+\/main\.rs))$/

function rootsOf(tree: Tree, manifest: unknown, folder: string, name: string): Crate['roots'] {
  const inFolder = (path: unknown) => (typeof path === 'string' ? join(folder, path) : undefined)
  const library = [property(property(manifest, 'lib'), 'path'), 'src/lib.rs'].map(inFolder).find(isThere)
  const written = ['bin', 'test', 'example', 'bench'].flatMap((key) => {
    const list = property(manifest, key)
    return Array.isArray(list) ? list.map((target) => inFolder(property(target, 'path'))) : []
  })
  const start = folder === '' ? 0 : folder.length + 1
  const found = tree.paths.filter(
    (path) => (folder === '' || path.startsWith(`${folder}/`)) && TARGETS.test(path.slice(start)),
  )
  const others = [...new Set([...written.filter(isThere), ...found])].filter((path) => path !== library)
  const main = library ?? others.find((path) => path.slice(start) === 'src/main.rs')
  const rest = others.filter((path) => path !== main)
  return [
    ...(main === undefined ? [] : [{ path: main, name }]),
    ...rest.map((path) => ({ path, name: `${name}/${path.slice(start).replace(/\.rs$/, '')}` })),
  ]

  function isThere(path: string | undefined): path is string {
    return path !== undefined && tree.has(path)
  }
}

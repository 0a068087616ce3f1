import type { Conditions } from './exports-field.ts'
import { property } from './jsonc.ts'
import type { Tree } from './tree.ts'
import { join } from './tree.ts'

/**
 * From a path without certain extension to a file of the tree, by the rules of TypeScript and of Node:
 * `.js` may stand for `.ts`, extensions may be missing, a folder may stand for its index.
 */

export type Importer = Conditions

const TS_FIRST = [
  '.ts',
  '.tsx',
  '.d.ts',
  '.mts',
  '.cts',
  '.js',
  '.jsx',
  '.mjs',
  '.cjs',
  '.d.mts',
  '.d.cts',
  '.json',
  '.vue',
  '.svelte',
]
const JS_FIRST = [
  '.js',
  '.mjs',
  '.cjs',
  '.jsx',
  '.json',
  '.ts',
  '.tsx',
  '.mts',
  '.cts',
  '.d.ts',
  '.d.mts',
  '.d.cts',
  '.vue',
  '.svelte',
]
const WRITTEN: Record<string, string[]> = {
  '.js': ['.ts', '.tsx', '.jsx', '.d.ts'],
  '.jsx': ['.tsx', '.d.ts'],
  '.mjs': ['.mts', '.d.mts'],
  '.cjs': ['.cts', '.d.cts'],
  // Declarations made from `import './a.ts'` still say so.
  '.ts': ['.tsx', '.d.ts', '.js'],
  '.tsx': ['.d.ts', '.jsx', '.js'],
  '.mts': ['.d.mts', '.mjs'],
  '.cts': ['.d.cts', '.cjs'],
}

/** The file that a path stands for, or undefined. `path` has been joined already. */
export function resolveFile(tree: Tree, path: string, importer: Importer, folderOnly = false): string | undefined {
  if (!folderOnly) {
    const file = resolveAsFile(tree, path, importer)
    if (file !== undefined) return file
  }
  return resolveFolder(tree, path, importer)
}

/** Like `resolveFile`, without folders: what package manifests name. */
export function resolveAsFile(tree: Tree, path: string, importer: Importer): string | undefined {
  if (path === '') return undefined
  const written = /\.(?:[cm]?[jt]s|[jt]sx)$/.exec(path)?.[0]
  if (written) {
    const base = path.slice(0, -written.length)
    const found = resolveWritten(tree, base, written, importer)
    if (found !== undefined) return found
  }
  if (tree.has(path)) return path
  // Types that JavaScript imports are those of Flow, which stand in the file itself.
  const order = importer.typescript ? TS_FIRST : JS_FIRST
  return order.map((extension) => path + extension).find(tree.has)
}

/**
 * `./a.js` may mean `a.ts`, or the declarations beside it: TypeScript looks there first (its handbook, "Modules: File extension
 * substitution"), JavaScript takes what is written.
 */
function resolveWritten(tree: Tree, base: string, written: string, importer: Importer): string | undefined {
  const plain = base + written
  const instead = (WRITTEN[written] ?? []).map((extension) => base + extension).filter(tree.has)
  if (!/jsx?$/.test(written)) return tree.has(plain) ? plain : instead[0]
  const source = instead.find((path) => !/\.d\.[cm]?ts$/.test(path))
  const declaration = instead.find((path) => /\.d\.[cm]?ts$/.test(path))
  if (!importer.typescript && tree.has(plain)) return plain
  if (source !== undefined) return source
  if (importer.typescript && declaration !== undefined) return declaration
  return tree.has(plain) ? plain : declaration
}

function resolveFolder(tree: Tree, path: string, importer: Importer): string | undefined {
  if (!tree.hasFolder(path)) return undefined
  const manifest = tree.json(path === '' ? 'package.json' : `${path}/package.json`)
  const named = (fields: string[]) => {
    for (const field of fields) {
      const main = property(manifest, field)
      const target = typeof main === 'string' ? join(path, main) : undefined
      if (target === undefined || target === path) continue
      const file = resolveAsFile(tree, target, importer) ?? resolveIndex(tree, target, importer)
      if (file !== undefined) return file
    }
    return undefined
  }
  const [loaded, declared] = [
    ['main', 'module'],
    ['types', 'typings'],
  ] as const
  if (importer.typescript) return named([...declared, ...loaded]) ?? resolveIndex(tree, path, importer)
  return named([...loaded]) ?? resolveIndex(tree, path, importer) ?? named([...declared])
}

function resolveIndex(tree: Tree, folder: string, importer: Importer): string | undefined {
  return resolveAsFile(tree, folder === '' ? 'index' : `${folder}/index`, importer)
}

import { parse } from 'smol-toml'
import type { ImportFact } from '../types.ts'
import { property, strings } from './jsonc.ts'
import type { Resolved } from './resolved.ts'
import { PYTHON_STDLIB } from './stdlib.ts'
import type { Tree } from './tree.ts'
import { ancestors, dirname, join } from './tree.ts'

export interface PythonResolver {
  /** The module (or package `__init__`) that an import names. */
  module: (fact: ImportFact, from: string) => Resolved
  /** The submodule `name` of the module that an import names, or undefined. */
  submodule: (fact: ImportFact, name: string, from: string) => string | undefined
  /** The file of a dotted module name as seen from a file, or undefined. */
  file: (dotted: string, from: string) => string | undefined
}

/**
 * Resolves Python modules over the tree. Absolute names are looked up where they can be on `sys.path`: beside the outermost package of the
 * importing file, in the project's folder and its `src`, then at the root of the tree. Folders without `__init__` count as namespace packages.
 */
export function createPythonResolver(tree: Tree): PythonResolver {
  const rootsByFolder = new Map<string, string[]>()
  const declared = declaredNames(tree)

  function isPackage(folder: string): boolean {
    return tree.has(`${folder}/__init__.py`) || tree.has(`${folder}/__init__.pyi`)
  }

  function rootsOf(from: string): string[] {
    const folder = dirname(from)
    const known = rootsByFolder.get(folder)
    if (known) return known
    const up = ancestors(folder)
    const beside = up.find((candidate) => candidate === '' || !isPackage(candidate)) ?? ''
    const roots = [beside]
    for (const candidate of up.slice(up.indexOf(beside))) {
      const isProject = PROJECT_FILES.some((name) => tree.has(join(candidate, name) ?? ''))
      if (isProject) roots.push(...projectRoots(tree, candidate))
    }
    roots.push('', 'src')
    const unique = [...new Set(roots)].filter(tree.hasFolder)
    rootsByFolder.set(folder, unique)
    return unique
  }

  /** `folder/name.py` or `folder/name/__init__.py`; stubs see stubs first. */
  function moduleAt(path: string, from = ''): string | undefined {
    const sources = [`${path}/__init__.py`, `${path}.py`]
    const stubs = [`${path}/__init__.pyi`, `${path}.pyi`]
    return (from.endsWith('.pyi') ? [...stubs, ...sources] : [...sources, ...stubs]).find(tree.has)
  }

  function absolute(dotted: string, from: string): string | undefined {
    return foundBelow(rootsOf(from), dotted, from)
  }

  function foundBelow(roots: readonly string[], dotted: string, from: string): string | undefined {
    const path = dotted.replaceAll('.', '/')
    for (const root of roots) {
      const found = moduleAt(join(root, path) as string, from)
      if (found !== undefined) return found
    }
    return undefined
  }

  let projects: string[] | undefined

  /** Where the other projects of the tree have their packages: they may be installed together. */
  function otherRoots(): string[] {
    projects ??= [
      ...new Set(
        tree.paths
          .filter((path) => PROJECT_FILES.includes(path.slice(path.lastIndexOf('/') + 1)))
          .flatMap((path) => projectRoots(tree, dirname(path))),
      ),
    ].filter(tree.hasFolder)
    return projects
  }

  /** Folder that relative levels start from, joined with the module name; undefined when it leaves the tree. */
  function relativePath(fact: ImportFact, from: string): string | undefined {
    const up = '../'.repeat((fact.level ?? 1) - 1)
    return join(dirname(from), `${up}${fact.request.replaceAll('.', '/')}`)
  }

  /** The portions of a namespace package, which may lie in several places. */
  function namespaceFolders(fact: ImportFact, from: string): string[] {
    if (fact.level) {
      const path = relativePath(fact, from)
      return path !== undefined && tree.hasFolder(path) ? [path] : []
    }
    const path = fact.request.replaceAll('.', '/')
    const folders = [...rootsOf(from), ...otherRoots()].map((root) => join(root, path) as string)
    return folders.filter((folder) => folder !== '' && tree.hasFolder(folder))
  }

  return {
    file: absolute,
    module(fact, from) {
      if (fact.level) {
        const path = relativePath(fact, from)
        const found = path === undefined ? undefined : path === '' ? moduleAtRoot(tree) : moduleAt(path, from)
        if (found !== undefined) return { to: 'file', path: found, resolution: 'exact' }
        return { to: 'unresolved', name: `${'.'.repeat(fact.level)}${fact.request}` }
      }
      const found = absolute(fact.request, from)
      if (found !== undefined) return { to: 'file', path: found, resolution: 'exact' }
      const top = fact.request.split('.')[0] as string
      const parent = fact.request.includes('.') ? absolute(top, from) : undefined
      if (parent !== undefined && !PYTHON_STDLIB.has(top)) return { to: 'unresolved', name: fact.request }
      if (PYTHON_STDLIB.has(top)) return { to: 'external', ecosystem: 'python', name: top, resolution: 'exact' }
      const elsewhere = foundBelow(otherRoots(), fact.request, from)
      if (elsewhere !== undefined) return { to: 'file', path: elsewhere, resolution: 'inferred' }
      const resolution = declared.has(normalize(top)) ? 'exact' : 'inferred'
      return { to: 'external', ecosystem: 'pypi', name: top, resolution }
    },
    submodule(fact, name, from) {
      const found = this.module(fact, from)
      const init = found.to === 'file' && /(?:^|\/)__init__\.pyi?$/.test(found.path) ? dirname(found.path) : undefined
      const folders = init !== undefined ? [init] : found.to === 'file' ? [] : namespaceFolders(fact, from)
      for (const folder of folders) {
        const path = moduleAt(folder === '' ? name : `${folder}/${name}`, from)
        if (path !== undefined) return path
      }
      return undefined
    },
  }
}

/** Folders that a project's packages may be in. */
function projectRoots(tree: Tree, folder: string): string[] {
  return [...declaredRoots(tree, folder), join(folder, 'src') ?? 'src', folder]
}

/** Folders that a project says its packages are in: of setuptools (`package-dir`, `packages.find.where`) and of Poetry (`from`). */
function declaredRoots(tree: Tree, folder: string): string[] {
  const text = tree.read(join(folder, 'pyproject.toml') ?? '')
  const setup = tree.read(join(folder, 'setup.cfg') ?? '') ?? ''
  const script = tree.read(join(folder, 'setup.py') ?? '') ?? ''
  const tool = text === undefined ? undefined : property(readToml(text), 'tool')
  const setuptools = property(tool, 'setuptools')
  const poetry = property(property(tool, 'poetry'), 'packages')
  const written = [
    property(property(setuptools, 'package-dir'), ''),
    ...strings(property(property(property(setuptools, 'packages'), 'find'), 'where')),
    ...(Array.isArray(poetry) ? poetry.map((item: unknown) => property(item, 'from')) : []),
    /^package_dir\s*=\s*\n?\s*=\s*(\S+)/m.exec(setup)?.[1],
    /package_dir\s*=\s*\{\s*["']{2}\s*:\s*["']([^"']+)["']/.exec(script)?.[1],
  ]
  return written.flatMap((path) => (typeof path === 'string' ? (join(folder, path) ?? []) : []))
}

function readToml(text: string): unknown {
  try {
    return parse(text)
  } catch {
    return undefined
  }
}

const PROJECT_FILES = ['pyproject.toml', 'setup.py', 'setup.cfg']

function moduleAtRoot(tree: Tree): string | undefined {
  return ['__init__.py', '__init__.pyi'].find(tree.has)
}

function normalize(name: string): string {
  return name.toLowerCase().replace(/[-_.]+/g, '_')
}

/** Distribution names that requirement files and project files mention; import names mostly equal them. */
function declaredNames(tree: Tree): Set<string> {
  const names = new Set<string>()
  for (const path of tree.paths) {
    if (!/(?:^|\/)(?:requirements[\w.-]*\.txt|pyproject\.toml|setup\.cfg|setup\.py|Pipfile)$/.test(path)) continue
    for (const found of (tree.read(path) ?? '').matchAll(/(?:^|["'\s])([A-Za-z][\w.-]*)\s*(?=$|[\s"'=<>~!;[,])/gm)) {
      names.add(normalize(found[1] as string))
    }
  }
  return names
}

import type { Resolved } from '../../resolve/resolved.ts'
import { ancestors, dirname, join } from '../../resolve/tree.ts'
import type { LinkContext, LinkedFile } from '../context.ts'
import type { Found } from '../members.ts'
import { isBuilt } from './go-build.ts'
import { createQualified } from './qualified.ts'
import type { LanguageLookup } from './types.ts'

interface GoModule {
  folder: string
  path: string
  requires: string[]
  replaces: Map<string, string>
}

/** Reads a go.mod file (Go Modules Reference, "go.mod files"). */
function readGoMod(text: string, folder: string): GoModule {
  const plain = text.replace(/\/\/.*$/gm, '')
  const requires = [...plain.matchAll(/^\s*(?:require\s+)?([\w.-]+\.[\w.-]+\/?[^\s()]*)\s+v\S+/gm)].map(
    (found) => found[1] as string,
  )
  const replaces = new Map<string, string>()
  for (const found of plain.matchAll(/^\s*(?:replace\s+)?(\S+)(?:\s+v\S+)?\s*=>\s*(\.\S*)/gm)) {
    const target = join(folder, found[2] as string)
    if (target !== undefined) replaces.set(found[1] as string, target)
  }
  return { folder, path: /^\s*module\s+"?([^\s"]+)/m.exec(plain)?.[1] ?? '', requires, replaces }
}

/** Go: packages are folders, named by the module path of go.mod and the way to them. */
export function createGoLookup({ tree }: LinkContext, files: LinkedFile[]): LanguageLookup {
  const modules = tree.paths
    .filter((path) => path === 'go.mod' || path.endsWith('/go.mod'))
    .map((path) => readGoMod(tree.read(path) ?? '', dirname(path)))
    .filter(({ path }) => path !== '')
  const governing = (folder: string) => {
    const up = ancestors(folder)
    return modules.filter((one) => up.includes(one.folder)).sort((a, b) => b.folder.length - a.folder.length)[0]
  }
  const importPath = (folder: string) => {
    const module = governing(folder)
    const rest = module === undefined ? folder : folder.slice(module.folder.length).replace(/^\//, '')
    return module === undefined ? `./${folder}` : rest === '' ? module.path : `${module.path}/${rest}`
  }
  const isExternalTest = (file: LinkedFile) => file.path.endsWith('_test.go') && file.facts.package?.endsWith('_test')
  const moduleOf = (file: LinkedFile) => [`${importPath(dirname(file.path))}${isExternalTest(file) ? '_test' : ''}`]
  const qualified = createQualified(files, moduleOf)

  /** Of what several files define for several systems the usual one. */
  function find(segments: string[], from: LinkedFile): Found | undefined {
    const isSeveral = qualified.all(segments).length > 1
    const usual = isSeveral ? qualified.find(segments, from, isBuilt) : undefined
    return usual?.kind === 'symbol' ? { ...usual, resolution: 'inferred' } : qualified.find(segments, from)
  }

  /** The folder of an import path in the tree. */
  function folderOf(request: string, from: LinkedFile): string | undefined {
    const own = governing(dirname(from.path))
    for (const [name, folder] of own?.replaces ?? []) {
      if (request === name || request.startsWith(`${name}/`)) return join(folder, request.slice(name.length))
    }
    const owner = [...modules]
      .sort((a, b) => b.path.length - a.path.length)
      .find(({ path }) => request === path || request.startsWith(`${path}/`))
    if (owner) return join(owner.folder, request.slice(owner.path.length))
    const vendored = own === undefined ? undefined : join(own.folder, `vendor/${request}`)
    return vendored !== undefined && tree.hasFolder(vendored) ? vendored : undefined
  }

  function external(request: string, from: LinkedFile): Resolved {
    const [first = ''] = request.split('/')
    if (!first.includes('.')) return { to: 'external', ecosystem: 'go', name: request, resolution: 'exact' }
    const declared = governing(dirname(from.path))?.requires.filter(
      (name) => request === name || request.startsWith(`${name}/`),
    )
    const best = declared?.sort((a, b) => b.length - a.length)[0]
    const name =
      best ??
      request
        .split('/')
        .slice(0, first === 'gopkg.in' ? 2 : 3)
        .join('/')
    return { to: 'external', ecosystem: 'gomod', name, resolution: best === undefined ? 'inferred' : 'exact' }
  }

  const lookup: LanguageLookup = {
    implicitSelf: false,
    resolve({ request }, from) {
      const folder = request.startsWith('.') ? join(dirname(from.path), request) : folderOf(request, from)
      if (folder === undefined) return external(request, from)
      const paths = qualified.filesOf([importPath(folder)]).map(({ path }) => path)
      const sources = paths.filter((path) => !path.endsWith('_test.go'))
      if (sources.length === 0) return { to: 'unresolved', name: request }
      return { to: 'files', folder, paths: sources, resolution: 'exact' }
    },
    outer(file, path) {
      const [first, second] = path as [string, string | undefined]
      for (const [at, binding] of file.facts.bindings.entries()) {
        const resolved = file.resolved[binding.import]
        const known = file.facts.imports[binding.import]?.request ?? ''
        const folder = resolved?.to === 'files' ? resolved.folder : undefined
        const named = folder === undefined ? undefined : qualified.filesOf([importPath(folder)])[0]?.facts.package
        const local = binding.local === '' ? (named ?? packageName(known)) : binding.local
        if (local === '*' && folder !== undefined) {
          const found = find([importPath(folder), first], file)
          if (found) return { found, used: 1 }
        }
        if (local !== first || second === undefined || resolved === undefined || at < 0) continue
        if (folder === undefined) return resolved.to === 'files' ? undefined : outside(resolved)
        const found = find([importPath(folder), second], file)
        return { found: found ?? { kind: 'unknown' }, used: 2 }
      }
      const found = find([...moduleOf(file), first], file)
      return found && { found, used: 1 }
    },
  }
  return lookup
}

function outside(resolved: Resolved) {
  if (resolved.to === 'file' || resolved.to === 'files') return undefined
  return { found: { kind: 'outside' as const, resolved }, used: 1 }
}

/** The name of a package that is not in the tree: the last part of its path, without a version. */
function packageName(path: string): string {
  const segments = path.split('/')
  const last = segments.at(-1) ?? ''
  return (/^v\d+$/.test(last) ? (segments.at(-2) ?? last) : last).replace(/\.v\d+$/, '').replace(/^go-/, '')
}

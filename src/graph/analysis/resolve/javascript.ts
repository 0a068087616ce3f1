import { isBuiltin } from 'node:module'
import { exportTargets } from './exports-field.ts'
import type { Importer } from './files.ts'
import { resolveAsFile, resolveFile } from './files.ts'
import { property } from './jsonc.ts'
import type { OwnPackage, Packages } from './packages.ts'
import type { Resolved } from './resolved.ts'
import type { Tree } from './tree.ts'
import { dirname, join } from './tree.ts'
import type { TsProject, TsProjects } from './tsconfig.ts'
import { matchPaths } from './tsconfig.ts'

export interface JavaScriptResolver {
  resolve: (request: string, from: string, how: { typeOnly: boolean; required: boolean }) => Resolved
}

const PACKAGE_NAME = /^(?:@[a-z0-9-~][\w.~-]*\/)?[a-z0-9-~][\w.~-]*$/i

/** Resolves module requests over the tree: relative, `#imports`, tsconfig paths, workspaces, then packages from outside. */
export function createJavaScriptResolver(tree: Tree, packages: Packages, projects: TsProjects): JavaScriptResolver {
  const cache = new Map<string, Resolved>()

  function resolve(request: string, from: string, how: { typeOnly: boolean; required: boolean }): Resolved {
    const typescript = /\.(?:[cm]?ts|tsx|vue|svelte)$/.test(from)
    // A declaration file imports declarations, whether it says so or not.
    const typeOnly = how.typeOnly || /\.d\.[cm]?ts$/.test(from)
    const custom = projects.of(from).flatMap(({ conditions }) => conditions ?? [])
    const importer: Importer = { typescript, typeOnly, required: how.required, custom }
    const plain = request.replace(/^[^!]*!/, '').replace(/(?!^)[?#].*$/, '')
    if (plain.startsWith('node:'))
      return { to: 'external', ecosystem: 'node', name: plain.slice(5), resolution: 'exact' }
    if (/^\.{1,2}(?:\/|$)/.test(plain)) return relative(plain, from, importer)
    if (/^(?:[a-z][a-z+.-]*:|\/)/i.test(plain)) return { to: 'unresolved', name: plain }
    if (plain.startsWith('#')) return ofItself(importer, (how) => privateImport(plain, from, how))
    return mapped(plain, from, importer) ?? bare(plain, from, importer)
  }

  function relative(request: string, from: string, importer: Importer): Resolved {
    const path = join(dirname(from), request)
    if (path === undefined) return { to: 'unresolved', name: request }
    const file = resolveFile(tree, path, importer, /(?:^|\/)\.{0,2}$/.test(request))
    if (file !== undefined) return { to: 'file', path: file, resolution: 'exact' }
    return fromOutput(path, from, importer) ?? { to: 'unresolved', name: path }
  }

  /** A path into the output folder stands for the source it is built from. */
  function fromOutput(path: string, from: string, importer: Importer): Resolved | undefined {
    for (const project of projects.of(from)) {
      const file = sourceOf(project, path, importer)
      if (file !== undefined) return { to: 'file', path: file, resolution: 'exact' }
    }
    return undefined
  }

  function sourceOf({ outDir, rootDir }: TsProject, path: string, importer: Importer): string | undefined {
    if (outDir === undefined || rootDir === undefined || !path.startsWith(`${outDir}/`)) return undefined
    const moved = join(rootDir, path.slice(outDir.length + 1).replace(/\.d\.([cm]?)ts$/, '.$1js'))
    return moved === undefined ? undefined : resolveAsFile(tree, moved, { ...importer, typescript: true })
  }

  function mapped(request: string, from: string, importer: Importer): Resolved | undefined {
    for (const { paths, baseUrl } of projects.of(from)) {
      const targets = matchPaths(paths, request)
      const more = baseUrl === undefined ? [] : [join(baseUrl, request)]
      for (const target of [...targets, ...more]) {
        const file = target === undefined ? undefined : resolveFile(tree, target, importer)
        if (file !== undefined) return { to: 'file', path: file, resolution: 'exact' }
      }
      if (targets.length > 0 && !isBuiltin(request)) {
        const { name } = splitRequest(request)
        if (!packages.declares(from, name)) return { to: 'unresolved', name: targets[0] as string }
      }
    }
    return undefined
  }

  function privateImport(request: string, from: string, importer: Importer): Resolved {
    const owner = packages.manifestOf(from)
    const targets = exportTargets(owner?.manifest.imports, request, importer)
    for (const target of targets) {
      if (!target.startsWith('.')) return bare(target, from, importer)
      const file = entryFile(owner?.folder ?? '', target, importer)
      if (file) return file
    }
    return mapped(request, from, importer) ?? { to: 'unresolved', name: request }
  }

  function bare(request: string, from: string, importer: Importer): Resolved {
    const { name, subpath } = splitRequest(request)
    if (isBuiltin(request)) return { to: 'external', ecosystem: 'node', name: request, resolution: 'exact' }
    const own = packages.find(name, from)
    // Elsewhere a package that is no workspace is found where it is installed: another copy of it.
    if (own && !own.member && !packages.isSelf(own, from)) return { to: 'own', package: own, resolution: 'inferred' }
    if (own && packages.isSelf(own, from)) return ofItself(importer, (how) => ownEntry(own, subpath, how))
    if (own) return ownEntry(own, subpath, importer)
    if (!PACKAGE_NAME.test(name)) return { to: 'unresolved', name: request }
    const declared = packages.declares(from, name) || packages.declares(from, typesName(name))
    return { to: 'external', ecosystem: 'npm', name, resolution: declared ? 'exact' : 'inferred' }
  }

  /**
   * What JavaScript imports of its own package, by its name or by `#name`: the declarations, as TypeScript and other resolvers answer by the condition
   * `types`, together with the file that is loaded.
   */
  function ofItself(importer: Importer, find: (importer: Importer) => Resolved): Resolved {
    const loaded = find(importer)
    if (importer.typescript || loaded.to !== 'file') return loaded
    const declared = find({ ...importer, typeOnly: true })
    const isOther = declared.to === 'file' && declared.path !== loaded.path && /\.d\.[cm]?ts$/.test(declared.path)
    return isOther ? { ...declared, runs: loaded.path } : loaded
  }

  function ownEntry(own: OwnPackage, subpath: string, importer: Importer): Resolved {
    const { manifest, folder } = own
    const written = subpath === '.' ? mainTargets(manifest, importer.typeOnly || importer.typescript) : [subpath]
    const targets = manifest.exports === undefined ? written : exportTargets(manifest.exports, subpath, importer)
    // A path that the package keeps to itself, or does not have, is an error at run time.
    if (targets.length === 0 && subpath !== '.') return { to: 'unresolved', name: `${own.name}/${subpath.slice(2)}` }
    for (const target of targets) {
      const file = entryFile(folder, target, importer)
      if (file) return file
    }
    const base = join(folder, subpath)
    const fallback =
      manifest.exports === undefined && base !== undefined ? resolveFile(tree, base, importer) : undefined
    if (fallback !== undefined) return { to: 'file', path: fallback, resolution: 'exact' }
    return (
      byConvention(folder, targets.length > 0 ? targets : [subpath], importer) ?? {
        to: 'own',
        package: own,
        resolution: 'exact',
      }
    )
  }

  /** A target of a manifest: the file itself, or the source that the package's tsconfig builds it from. */
  function entryFile(folder: string, target: string, importer: Importer): Resolved | undefined {
    const path = join(folder, target)
    if (path === undefined) return undefined
    const file = resolveAsFile(tree, path, importer)
    if (file !== undefined) return { to: 'file', path: file, resolution: 'exact' }
    return fromOutput(path, join(folder, 'package.json') ?? '', importer)
  }

  /** Packages without a telling tsconfig: `dist/x.js` is built from `src/x.ts`, and `src/index.ts` is the entry. */
  function byConvention(folder: string, targets: string[], importer: Importer): Resolved | undefined {
    for (const target of targets) {
      const inside = target.replace(/^\.\//, '')
      const within = inside.replace(
        /^(?:dist|lib|build|out|output|es|esm|cjs)\/(?:(?:esm|cjs|es|src|types|dts)\/)*/,
        '',
      )
      const stem = within === '.' ? 'index' : within.replace(/\.d\.([cm]?)ts$/, '.$1js').replace(/\.[cm]js$/, '.js')
      for (const candidate of [`src/${stem}`, stem]) {
        const file = resolveFile(tree, join(folder, candidate) ?? '', { ...importer, typescript: true })
        if (file !== undefined) return { to: 'file', path: file, resolution: 'inferred' }
      }
    }
    return undefined
  }

  return {
    resolve(request, from, how) {
      const extension = /\.(?:d\.)?\w+$/.exec(from)?.[0] ?? ''
      const key = `${dirname(from)}\0${extension}${how.typeOnly ? 1 : 0}${how.required ? 1 : 0}\0${request}`
      const known = cache.get(key)
      if (known) return known
      const resolved = resolve(request, from, how)
      cache.set(key, resolved)
      return resolved
    },
  }
}

/** `@scope/name/sub/path` as name and subpath (`.` or `./sub/path`). */
export function splitRequest(request: string): { name: string; subpath: string } {
  const parts = request.split('/')
  const size = request.startsWith('@') ? 2 : 1
  const rest = parts.slice(size).join('/')
  return { name: parts.slice(0, size).join('/'), subpath: rest === '' ? '.' : `./${rest}` }
}

function typesName(name: string): string {
  return `@types/${name.startsWith('@') ? name.slice(1).replace('/', '__') : name}`
}

function mainTargets(manifest: Record<string, unknown>, typeOnly: boolean): string[] {
  const fields = typeOnly
    ? ['types', 'typings', 'main', 'module', 'source']
    : ['main', 'module', 'source', 'types', 'typings']
  const targets = fields
    .map((field) => property(manifest, field))
    .filter((value): value is string => typeof value === 'string')
  return [...targets, './index']
}

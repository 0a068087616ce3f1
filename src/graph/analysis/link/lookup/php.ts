import type { Resolved } from '../../resolve/resolved.ts'
import { dirname, join } from '../../resolve/tree.ts'
import type { LinkContext, LinkedFile } from '../context.ts'
import { createQualified } from './qualified.ts'
import type { Hit, LanguageLookup } from './types.ts'

/** PHP: names by `use` and the namespace (PHP Manual, "Name resolution rules"). */
export function createPhpLookup({ tree }: LinkContext, files: LinkedFile[]): LanguageLookup {
  const split = (name: string | undefined) => (name ?? '').split('\\').filter((part) => part !== '')
  const qualified = createQualified(files, (file) => split(file.facts.package))

  function include(request: string, file: LinkedFile): Resolved {
    const beside = join(dirname(file.path), request.replace(/^\//, ''))
    const fromRoot = join('', request)
    const path = [beside, fromRoot].find((one) => one !== undefined && tree.has(one))
    if (path === undefined) return { to: 'unresolved', name: beside ?? request }
    return { to: 'file', path, resolution: path === beside ? 'exact' : 'inferred' }
  }

  function byUse(file: LinkedFile, path: string[]): Hit | undefined {
    const binding = file.facts.bindings.find(({ local }) => local === path[0])
    if (binding === undefined) return undefined
    const request = split(file.facts.imports[binding.import]?.request)
    const hit = qualified.longest([...request, ...path.slice(1)], file)
    if (hit && hit.used >= request.length) return { found: hit.found, used: hit.used - request.length + 1 }
    const resolved = file.resolved[binding.import]
    const known = resolved === undefined || resolved.to === 'file' || resolved.to === 'files'
    return { found: known ? { kind: 'unknown' } : { kind: 'outside', resolved }, used: 1 }
  }

  return {
    implicitSelf: false,
    resolve({ request, names }, file) {
      if (names?.[0] === 'file') return include(request, file)
      const found = qualified.find(split(request), file)
      if (found?.kind === 'symbol') return { to: 'file', path: found.file.path, resolution: found.resolution }
      const paths = qualified.filesOf(split(request)).map(({ path }) => path)
      if (paths.length > 0) return { to: 'files', folder: undefined, paths, resolution: 'exact' }
      const around = qualified.filesOf(split(request).slice(0, -1))
      if (around.length > 0 && split(request).length > 1) return { to: 'unresolved', name: request }
      return {
        to: 'external',
        ecosystem: 'packagist',
        name: split(request).slice(0, 2).join('\\'),
        resolution: 'inferred',
      }
    },
    outer(file, path) {
      if (path[0] === '') {
        const hit = qualified.longest(path.slice(1), file)
        return hit && { found: hit.found, used: hit.used + 1 }
      }
      const used = byUse(file, path)
      if (used) return used
      const space = split(file.facts.package)
      const hit = qualified.longest([...space, ...path], file)
      if (hit && hit.used > space.length) return { found: hit.found, used: hit.used - space.length }
      const global = path.length === 1 ? qualified.find(path, file) : undefined
      return global && { found: global, used: 1 }
    },
  }
}

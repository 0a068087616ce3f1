import type { Resolved } from '../../resolve/resolved.ts'
import type { LinkContext, LinkedFile } from '../context.ts'
import { createQualified } from './qualified.ts'
import type { Hit, LanguageLookup } from './types.ts'

/** Java: types by their packages (The Java Language Specification, 6.4 and 7.5). */
export function createJavaLookup(_context: LinkContext, files: LinkedFile[]): LanguageLookup {
  const split = (name: string | undefined) => (name ?? '').split('.').filter((part) => part !== '')
  const qualified = createQualified(files, (file) => split(file.facts.package))

  function external(name: string, wildcard: boolean): Resolved {
    const segments = split(name)
    const types = segments.findIndex((part) => /^\p{Lu}/u.test(part))
    const package_ = (types > 0 ? segments.slice(0, types) : wildcard ? segments : segments.slice(0, -1)).join('.')
    const isPlatform = /^(?:javax?|jdk|sun)\./.test(name)
    const ecosystem = isPlatform ? 'java' : 'maven'
    return { to: 'external', ecosystem, name: package_ || name, resolution: isPlatform ? 'exact' : 'inferred' }
  }

  function imported(file: LinkedFile, first: string): Hit | undefined {
    for (const wanted of [first, '*']) {
      if (wanted === '*') {
        const same = qualified.find([...split(file.facts.package), first], file)
        if (same) return { found: same, used: 1 }
      }
      for (const binding of file.facts.bindings) {
        if (binding.local !== wanted) continue
        const fact = file.facts.imports[binding.import]
        const name = [...split(fact?.request), ...(wanted === '*' ? [first] : [])]
        const found = qualified.find(name, file)
        if (found) return { found, used: 1 }
        const resolved = file.resolved[binding.import]
        if (wanted !== '*' && resolved && resolved.to !== 'file' && resolved.to !== 'files')
          return { found: { kind: 'outside', resolved }, used: 1 }
      }
    }
    return undefined
  }

  return {
    implicitSelf: true,
    resolve({ request, names }, file) {
      const segments = split(request)
      const hit = qualified.longest(segments, file)
      if (hit?.found.kind === 'symbol')
        return { to: 'file', path: hit.found.file.path, resolution: hit.found.resolution }
      const package_ = qualified.filesOf(segments).map(({ path }) => path)
      if (package_.length > 0) return { to: 'files', folder: undefined, paths: package_, resolution: 'exact' }
      const around = qualified.filesOf(segments.slice(0, names ? -2 : -1))
      if (around.length > 0 && segments.length > 1) return { to: 'unresolved', name: request }
      const isWildcard = file.facts.bindings.some(
        (one) => one.local === '*' && file.facts.imports[one.import]?.request === request,
      )
      return external(request, isWildcard)
    },
    outer: (file, path) =>
      imported(file, path[0] as string) ?? (path.length > 1 ? qualified.longest(path, file) : undefined),
  }
}

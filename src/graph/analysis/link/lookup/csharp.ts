import type { Resolved } from '../../resolve/resolved.ts'
import type { LinkContext, LinkedFile } from '../context.ts'
import { createQualified } from './qualified.ts'
import type { Hit, LanguageLookup } from './types.ts'

/** C#: names by namespaces, from the inner to the outer ones, then by `using` (C# language specification, "Namespace and type names"). */
export function createCsharpLookup(_context: LinkContext, files: LinkedFile[]): LanguageLookup {
  const split = (name: string | undefined) => (name ?? '').split('.').filter((part) => part !== '')
  const qualified = createQualified(files, (file) => split(file.facts.package))

  function external(name: string): Resolved {
    const isPlatform = /^(?:System|Microsoft|Windows)(?:\.|$)/.test(name)
    const ecosystem = isPlatform ? 'dotnet' : 'nuget'
    return { to: 'external', ecosystem, name, resolution: isPlatform ? 'exact' : 'inferred' }
  }

  function byUsing(file: LinkedFile, path: string[]): Hit | undefined {
    for (const binding of file.facts.bindings) {
      const request = split(file.facts.imports[binding.import]?.request)
      if (binding.local === path[0]) {
        const hit = qualified.longest([...request, ...path.slice(1)], file)
        return hit && hit.used >= request.length ? { found: hit.found, used: hit.used - request.length + 1 } : undefined
      }
      const found = binding.local === '*' ? qualified.find([...request, path[0] as string], file) : undefined
      if (found) return { found, used: 1 }
    }
    return undefined
  }

  return {
    implicitSelf: true,
    resolve({ request }, file) {
      const segments = split(request)
      const found = qualified.all(segments).find((one) => one.file.facts.symbols[one.index]?.kind !== 'namespace')
      if (found) return { to: 'file', path: found.file.path, resolution: 'exact' }
      const paths = qualified
        .filesOf(segments)
        .map(({ path }) => path)
        .filter((path) => path !== file.path)
      if (paths.length > 0) return { to: 'files', folder: undefined, paths, resolution: 'exact' }
      return external(request)
    },
    outer(file, path, around) {
      const spaces = [...split(file.facts.package), ...around]
      for (let size = spaces.length; size >= 0; size--) {
        const prefix = spaces.slice(0, size)
        const hit = qualified.longest([...prefix, ...path], file)
        if (hit && hit.used > size) return { found: hit.found, used: hit.used - size }
      }
      return byUsing(file, path)
    },
  }
}

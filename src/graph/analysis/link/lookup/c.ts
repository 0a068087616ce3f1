import { createIncludeFolders, type IncludeFolders } from '../../resolve/includes.ts'
import type { Resolved } from '../../resolve/resolved.ts'
import { ancestors, dirname, join } from '../../resolve/tree.ts'
import type { SymbolFact } from '../../types.ts'
import type { LinkContext, LinkedFile } from '../context.ts'
import { type SymbolFound, symbolFound } from '../members.ts'
import { createClosure, createQualified } from './qualified.ts'
import type { LanguageLookup } from './types.ts'

interface Place {
  file: LinkedFile
  index: number
}

const isDeclared = ({ file, index }: Place) => (file.facts.symbols[index] as SymbolFact).isDeclaration === true

/** C and C++: what the included headers declare, and the definitions of it in files that include the same header. */
export function createCLookup({ tree, byPath }: LinkContext, files: LinkedFile[]): LanguageLookup {
  const qualified = createQualified(files, () => [])
  const reach = createClosure(byPath)
  const resolutions = new Map<string, Resolved>()
  let includes: IncludeFolders | undefined

  function resolveInclude(folder: string, request: string, isQuoted: boolean): Resolved {
    const beside = join(folder, request)
    if (isQuoted && beside !== undefined && tree.has(beside)) return { to: 'file', path: beside, resolution: 'exact' }
    includes ??= createIncludeFolders(tree)
    const conventional = ancestors(folder).flatMap((one) => [join(one, 'include') ?? '', join(one, 'src') ?? '', one])
    // A header of the system is more likely than one that some other target has under the same plain name.
    const others = isQuoted || request.includes('/') ? includes.all : []
    for (const root of [...includes.of(folder), ...conventional, ...others]) {
      const path = join(root, request)
      if (path !== undefined && tree.has(path)) return { to: 'file', path, resolution: 'inferred' }
    }
    if (isQuoted) return { to: 'unresolved', name: beside ?? request }
    return { to: 'external', ecosystem: 'system', name: request, resolution: 'inferred' }
  }

  /** Names as one file sees them: its uses come one after the other, and name the same things again and again. */
  let seenFrom: LinkedFile | undefined
  const seen = new Map<string, SymbolFound | undefined>()

  function find(segments: string[], file: LinkedFile): SymbolFound | undefined {
    if (seenFrom !== file) {
      seenFrom = file
      seen.clear()
    }
    const key = segments.join('\0')
    if (!seen.has(key)) seen.set(key, look(segments, file))
    return seen.get(key)
  }

  function look(segments: string[], file: LinkedFile): SymbolFound | undefined {
    const all = qualified.all(segments)
    if (all.length === 0) return undefined
    const visible = reach(file)
    let first: Place | undefined
    for (const one of all) {
      if (!visible.has(one.file)) continue
      if (!isDeclared(one)) return symbolFound(one.file, one.index, one.index)
      first ??= one
    }
    if (first === undefined) return undefined
    const { file: place, index } = definitionOf(segments, first) ?? first
    return symbolFound(place, index, index)
  }

  /** The definition of what a header declares, by name and header: it is the same for all who include that. */
  const definitions = new Map<string, Place | undefined>()

  function definitionOf(segments: string[], declaration: Place): Place | undefined {
    const key = [...segments, declaration.file.path].join('\0')
    if (!definitions.has(key)) {
      const all = qualified.all(segments).filter((one) => !isDeclared(one) && reach(one.file).has(declaration.file))
      definitions.set(key, all.length === 1 ? all[0] : undefined)
    }
    return definitions.get(key)
  }

  return {
    implicitSelf: true,
    resolve({ request, level }, file) {
      const key = [dirname(file.path), level, request].join('\0')
      const resolved = resolutions.get(key) ?? resolveInclude(dirname(file.path), request, level === 1)
      resolutions.set(key, resolved)
      return resolved
    },
    outer(file, path, around) {
      for (let size = around.length; size >= 0; size--) {
        for (let used = path.length; used > 0; used--) {
          const found = find([...around.slice(0, size), ...path.slice(0, used)], file)
          if (found) return { found, used }
        }
      }
      return undefined
    },
  }
}

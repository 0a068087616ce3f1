import { ancestors, dirname, join } from '../../resolve/tree.ts'
import type { LinkContext, LinkedFile } from '../context.ts'
import { createClosure, createQualified } from './qualified.ts'
import type { LanguageLookup } from './types.ts'

/** Shell: functions of the scripts that are sourced. Other commands are programs. */
export function createShellLookup({ tree, byPath }: LinkContext, files: LinkedFile[]): LanguageLookup {
  const qualified = createQualified(files, () => [])
  const reach = createClosure(byPath)
  return {
    implicitSelf: false,
    resolve({ request, level }, file) {
      if (/^[/~]/.test(request)) return { to: 'unresolved', name: request }
      const folder = dirname(file.path)
      const beside = join(folder, request)
      if (beside !== undefined && tree.has(beside))
        return { to: 'file', path: beside, resolution: level === 2 ? 'inferred' : 'exact' }
      // Scripts are run from a folder above, or know it by a variable.
      const above = ancestors(folder).map((one) => join(one, request))
      const path = above.find((one) => one !== undefined && tree.has(one))
      if (path !== undefined && level !== 1) return { to: 'file', path, resolution: 'inferred' }
      return { to: 'unresolved', name: beside ?? request }
    },
    outer(file, path) {
      const found = qualified.find(path, file, (other) => reach(file).has(other))
      return found && { found, used: 1 }
    },
  }
}

import { dirname, join } from '../../resolve/tree.ts'
import type { LinkContext, LinkedFile } from '../context.ts'
import { createClosure, createQualified } from './qualified.ts'
import type { LanguageLookup } from './types.ts'

/** Shell: functions of the scripts that are sourced. Other commands are programs. */
export function createShellLookup({ tree, byPath }: LinkContext, files: LinkedFile[]): LanguageLookup {
  const qualified = createQualified(files, () => [])
  const reach = createClosure(byPath)
  return {
    implicitSelf: false,
    resolve({ request }, file) {
      const beside = join(dirname(file.path), request)
      if (beside !== undefined && tree.has(beside)) return { to: 'file', path: beside, resolution: 'exact' }
      const fromRoot = join('', request)
      if (fromRoot !== undefined && tree.has(fromRoot)) return { to: 'file', path: fromRoot, resolution: 'inferred' }
      return { to: 'unresolved', name: beside ?? request }
    },
    outer(file, path) {
      const found = qualified.find(path, file, (other) => reach(file).has(other))
      return found && { found, used: 1 }
    },
  }
}

import type { Target } from '../types.ts'
import type { Extension, Extensions, LinkedFile } from './context.ts'
import { nameFamily } from './lookup/index.ts'
import type { Followed } from './members.ts'

/** Finds them all when the first is asked for. */
export function createExtensions(
  files: LinkedFile[],
  follow: (file: LinkedFile, target: Target, space: 'value' | 'type') => Followed,
): Extensions {
  let known: Map<string, Extension> | undefined
  const collect = () => {
    const found = new Map<string, Extension>()
    known = found
    for (const file of files) {
      // Others have none: most files need not be looked into.
      if (nameFamily(file.language) === undefined) continue
      for (const [index, { owner, name, parent }] of file.facts.symbols.entries()) {
        if (owner === undefined) continue
        const class_ = follow(file, { base: 'name', index: parent, members: owner }, 'type')
        if (!class_.complete || class_.found.kind !== 'symbol') continue
        const key = `${class_.found.file.path}#${class_.found.value ?? class_.found.type} ${name}`
        if (!found.has(key)) found.set(key, { file, index })
      }
    }
    return found
  }
  return (file, index, name) => (known ?? collect()).get(`${file.path}#${index} ${name}`)
}

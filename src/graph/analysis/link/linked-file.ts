import type { Resolved } from '../resolve/resolved.ts'
import type { FileFacts } from '../types.ts'
import type { LinkedFile } from './context.ts'

/** A file whose facts, resolved imports and index of exports are made when they are first asked for: most files of an incremental analysis are not. */
export function createLinkedFile(
  { path, language }: Pick<LinkedFile, 'path' | 'language'>,
  load: () => FileFacts,
  resolve: (file: LinkedFile) => Resolved[],
): LinkedFile {
  let facts: FileFacts | undefined
  let resolved: Resolved[] | undefined
  let exportsByName: Map<string, number[]> | undefined
  return {
    path,
    language,
    members: undefined,
    get facts() {
      facts ??= load()
      return facts
    },
    get resolved() {
      resolved ??= resolve(this)
      return resolved
    },
    get exportsByName() {
      exportsByName ??= exportIndex(this.facts.exports)
      return exportsByName
    },
  }
}

function exportIndex(exports: { name: string }[]): Map<string, number[]> {
  const index = new Map<string, number[]>()
  for (const [at, { name }] of exports.entries()) {
    const same = index.get(name)
    if (same) same.push(at)
    else index.set(name, [at])
  }
  return index
}

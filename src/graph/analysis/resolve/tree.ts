import { parseJsonc } from './jsonc.ts'

/** The analysed files as a map, so that resolution never touches the disk's layout (nor leaves the archive). */
export interface Tree {
  has: (path: string) => boolean
  hasFolder: (path: string) => boolean
  /** All paths, sorted. */
  paths: readonly string[]
  /** Parsed JSON (comments and trailing commas allowed), undefined where missing or broken. Cached. */
  json: (path: string) => unknown
  read: (path: string) => string | undefined
}

/** Joins and normalizes; undefined when the result would leave the tree. '' is the root. */
export function join(folder: string, relative: string): string | undefined {
  const parts = folder === '' ? [] : folder.split('/')
  for (const part of relative.split('/')) {
    if (part === '' || part === '.') continue
    if (part === '..') {
      if (parts.length === 0) return undefined
      parts.pop()
    } else parts.push(part)
  }
  return parts.join('/')
}

/** Folder of a path, '' at the root. */
export function dirname(path: string): string {
  const slash = path.lastIndexOf('/')
  return slash < 0 ? '' : path.slice(0, slash)
}

/** The folders of a path from the innermost outwards, '' last. */
export function ancestors(folder: string): string[] {
  const list = [folder]
  let current = folder
  while (current !== '') {
    current = dirname(current)
    list.push(current)
  }
  return list
}

/** Builds the map. `read` gives a file's text and is asked for manifests only. */
export function createTree(paths: readonly string[], read: (path: string) => string | undefined): Tree {
  const files = new Set(paths)
  const folders = new Set<string>([''])
  for (const path of paths) {
    for (let folder = dirname(path); folder !== '' && !folders.has(folder); folder = dirname(folder))
      folders.add(folder)
  }
  const parsed = new Map<string, unknown>()
  return {
    has: (path) => files.has(path),
    hasFolder: (path) => folders.has(path),
    paths: [...files].sort(),
    read: (path) => (files.has(path) ? read(path) : undefined),
    json(path) {
      if (!files.has(path)) return undefined
      if (!parsed.has(path)) {
        const text = read(path)
        parsed.set(path, text === undefined ? undefined : parseJsonc(text))
      }
      return parsed.get(path)
    },
  }
}

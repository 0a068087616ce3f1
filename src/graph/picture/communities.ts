import { fileItem, type Item, type PictureFile } from './tree.ts'

/** Communities that are drawn, and files shown of each. */
const MOST_GROUPS = 40
const LEAST_SHOWN = 3
const MOST_SHOWN = 14

/**
 * Communities of files as a tree of one level: of each the files that most others have to do with, and one pill for the rest. Small communities beyond
 * the first ones share a box.
 */
export function communityTree(
  files: readonly PictureFile[],
  groups: readonly (readonly string[])[],
  degrees: ReadonlyMap<string, number>,
  most: number,
): Item {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const sorted = groups
    .filter((group) => group.length > 1)
    .sort((a, b) => b.length - a.length || ((a[0] ?? '') < (b[0] ?? '') ? -1 : 1))
  const drawn = sorted.slice(0, MOST_GROUPS)
  const inDrawn = new Set(drawn.flat())
  const others = files.map(({ path }) => path).filter((path) => !inDrawn.has(path))
  const shown = Math.max(LEAST_SHOWN, Math.min(MOST_SHOWN, Math.floor(most / Math.max(1, drawn.length)) - 1))
  const names = new Set<string>()
  const children = drawn.map((group) => groupItem(group, nameOf(group, names), shown))
  if (others.length > 0) children.push(groupItem(others, 'in no community', shown))
  return { path: '', name: '', kind: 'folder', language: undefined, files: files.length, children }

  function groupItem(group: readonly string[], name: string, shown: number): Item {
    const byDegree = (a: string, b: string) => (degrees.get(b) ?? 0) - (degrees.get(a) ?? 0) || (a < b ? -1 : 1)
    const order = [...group].sort(byDegree)
    const visible = order.length <= shown + 1 ? order : order.slice(0, shown)
    const hidden = order.slice(visible.length)
    const items = visible.map((path) => fileItem(byPath.get(path) as PictureFile, lastTwo(path)))
    const more: Item = {
      path: `${name} …`,
      name: '',
      kind: 'more',
      language: undefined,
      files: hidden.length,
      hidden,
      children: [],
    }
    const title = `${name} · ${group.length} files`
    return {
      path: name,
      name: title,
      kind: 'folder',
      language: undefined,
      files: group.length,
      children: hidden.length > 0 ? [...items, more] : items,
    }
  }
}

/** Most files of a community are called `index`: the folder says which. */
function lastTwo(path: string): string {
  return path.split('/').slice(-2).join('/')
}

/** The innermost folder that holds most of a community, else the two that hold the most; numbered where several have the same. */
function nameOf(group: readonly string[], names: Set<string>): string {
  const [direct, within] = [new Map<string, number>(), new Map<string, number>()]
  for (const path of group) {
    const parts = path.split('/').slice(0, -1)
    const own = parts.join('/') || '.'
    direct.set(own, (direct.get(own) ?? 0) + 1)
    for (let depth = 2; depth <= parts.length; depth++) {
      const folder = parts.slice(0, depth).join('/')
      within.set(folder, (within.get(folder) ?? 0) + 1)
    }
  }
  const depthOf = (folder: string) => folder.split('/').length
  const byCount = (a: [string, number], b: [string, number]) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)
  const most = [...within].filter(([, count]) => count >= group.length * 0.6)
  const [best] = most.sort((a, b) => depthOf(b[0]) - depthOf(a[0]) || byCount(a, b))
  const fullest = [...direct]
    .sort(byCount)
    .slice(0, 2)
    .map(([folder]) => folder)
  const name = best?.[0] ?? fullest.join(' + ')
  let unique = name
  for (let number = 2; names.has(unique); number++) unique = `${name} (${number})`
  names.add(unique)
  return unique
}

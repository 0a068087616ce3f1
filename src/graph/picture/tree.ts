/** A file of the picture. */
export interface PictureFile {
  path: string
  language: string | undefined
  lines: number
}

/** What the picture shows at one place: a file, a folder (or community) with its contents, a folder closed for want of room, or the rest of a community. */
export interface Item {
  path: string
  name: string
  kind: 'file' | 'folder' | 'closed' | 'more'
  language: string | undefined
  /** Files inside. */
  files: number
  /** Of a rest: the paths that it stands for. */
  hidden?: readonly string[]
  children: Item[]
}

interface Branch {
  path: string
  name: string
  folders: Map<string, Branch>
  files: PictureFile[]
  count: number
}

/**
 * Folders and files as a tree with at most about `most` visible leaves: the biggest folders are opened first, the others stay closed. Chains of
 * folders with nothing else inside become one.
 */
export function pictureTree(files: readonly PictureFile[], most: number): Item {
  const root = grow(files)
  const open = new Set<Branch>([root])
  let leaves = root.files.length + root.folders.size
  const queue = [...root.folders.values()]
  while (queue.length > 0) {
    queue.sort((a, b) => b.count - a.count || (a.path < b.path ? -1 : 1))
    const branch = queue.shift() as Branch
    const more = branch.files.length + branch.folders.size - 1
    if (leaves + more > most) continue
    leaves += more
    open.add(branch)
    queue.push(...branch.folders.values())
  }
  return toItem(root, open)
}

function grow(files: readonly PictureFile[]): Branch {
  const root: Branch = { path: '', name: '', folders: new Map(), files: [], count: 0 }
  for (const file of files) {
    let branch = root
    branch.count++
    for (const name of file.path.split('/').slice(0, -1)) {
      const path = branch.path === '' ? name : `${branch.path}/${name}`
      let next = branch.folders.get(name)
      if (next === undefined) {
        next = { path, name, folders: new Map(), files: [], count: 0 }
        branch.folders.set(name, next)
      }
      branch = next
      branch.count++
    }
    branch.files.push(file)
  }
  return root
}

/** A file as an item. */
export function fileItem({ path, language }: PictureFile, name: string): Item {
  return { path, name, kind: 'file', language, files: 1, children: [] }
}

function toItem(branch: Branch, open: Set<Branch>): Item {
  const { path, name, count } = branch
  if (!open.has(branch)) return { path, name, kind: 'closed', language: undefined, files: count, children: [] }
  const folders = [...branch.folders.values()].map((folder) => toItem(folder, open))
  const files = branch.files.map((file) => fileItem(file, file.path.slice(file.path.lastIndexOf('/') + 1)))
  const only = folders.length === 1 && files.length === 0 ? folders[0] : undefined
  if (only?.kind === 'folder' && path !== '') return { ...only, name: `${name}/${only.name}` }
  return { path, name, kind: 'folder', language: undefined, files: count, children: [...folders, ...files] }
}

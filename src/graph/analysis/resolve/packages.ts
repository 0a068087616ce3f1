import { isRecord, property, strings } from './jsonc.ts'
import type { Tree } from './tree.ts'
import { ancestors, dirname, join } from './tree.ts'

/** A package whose sources are in the tree. */
export interface OwnPackage {
  name: string
  folder: string
  manifest: Record<string, unknown>
  /** Whether it is a root or is listed by the workspaces of a root: others (fixtures, templates) resolve for nobody else. */
  member: boolean
}

export interface Packages {
  own: readonly OwnPackage[]
  /** The package that a file lies in: nearest package.json with a name. */
  of: (path: string) => OwnPackage | undefined
  /** The nearest package.json, named or not. */
  manifestOf: (path: string) => { folder: string; manifest: Record<string, unknown> } | undefined
  /** A workspace package by name, as seen from a file: a member, or the file's own package. */
  find: (name: string, from: string) => OwnPackage | undefined
  /** Whether a file may import its own package by name (Node.js documentation, "Self-referencing a package using its name"). */
  isSelf: (item: OwnPackage, from: string) => boolean
  /** Whether a package.json between the file and the root declares this dependency. */
  declares: (path: string, name: string) => boolean
}

const DEPENDENCIES = ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies']

/** Reads every package.json and the workspace definitions (npm, yarn, pnpm, lerna). Needs no node_modules. */
export function createPackages(tree: Tree): Packages {
  const manifests = new Map<string, Record<string, unknown>>()
  for (const path of tree.paths) {
    if (path !== 'package.json' && !path.endsWith('/package.json')) continue
    const manifest = tree.json(path)
    if (isRecord(manifest)) manifests.set(dirname(path), manifest)
  }
  const members = workspaceMembers(tree, manifests)
  const own: OwnPackage[] = []
  for (const [folder, manifest] of manifests) {
    const name = manifest.name
    if (typeof name === 'string' && name !== '') own.push({ name, folder, manifest, member: members.has(folder) })
  }
  const byName = new Map<string, OwnPackage[]>()
  for (const item of own) byName.set(item.name, [...(byName.get(item.name) ?? []), item])
  const manifestOf = (path: string) => {
    for (const folder of ancestors(dirname(path))) {
      const manifest = manifests.get(folder)
      if (manifest) return { folder, manifest }
    }
    return undefined
  }
  const byFolder = new Map(own.map((item) => [item.folder, item]))
  const of = (path: string) => {
    const folder = ancestors(dirname(path)).find((candidate) => byFolder.has(candidate))
    return folder === undefined ? undefined : byFolder.get(folder)
  }
  return {
    own,
    of,
    manifestOf,
    find(name, from) {
      const candidates = (byName.get(name) ?? []).filter((item) => item.member)
      if (candidates.length > 0) return candidates.length === 1 ? candidates[0] : nearest(candidates, from)
      const self = of(from)
      return self?.name === name ? self : undefined
    },
    isSelf: (item, from) => manifestOf(from)?.folder === item.folder && item.manifest.exports !== undefined,
    declares: (path, name) =>
      ancestors(dirname(path)).some((folder) =>
        DEPENDENCIES.some((field) => property(property(manifests.get(folder), field), name) !== undefined),
      ),
  }
}

/** Of several packages of one name the one that shares the longest folder with the importer. */
function nearest(candidates: OwnPackage[], from: string): OwnPackage | undefined {
  const shared = (folder: string) =>
    ancestors(dirname(from)).findIndex((other) => `${folder}/`.startsWith(`${other}/`) || other === '')
  return [...candidates].sort((a, b) => shared(a.folder) - shared(b.folder) || (a.folder < b.folder ? -1 : 1))[0]
}

function workspaceMembers(tree: Tree, manifests: Map<string, Record<string, unknown>>): Set<string> {
  const members = new Set<string>()
  const folders = [...manifests.keys()]
  for (const root of new Set(tree.paths.map(dirname))) {
    const patterns = workspacePatterns(tree, root, manifests.get(root))
    if (patterns.length === 0) continue
    if (manifests.has(root)) members.add(root)
    const include = patterns.filter((pattern) => !pattern.startsWith('!')).map((pattern) => globToRegExp(pattern))
    const exclude = patterns
      .filter((pattern) => pattern.startsWith('!'))
      .map((pattern) => globToRegExp(pattern.slice(1)))
    for (const folder of folders) {
      const relative = root === '' ? folder : folder.startsWith(`${root}/`) ? folder.slice(root.length + 1) : undefined
      if (relative === undefined || relative === '') continue
      if (include.some((glob) => glob.test(relative)) && !exclude.some((glob) => glob.test(relative)))
        members.add(folder)
    }
  }
  return members
}

function workspacePatterns(tree: Tree, root: string, manifest: Record<string, unknown> | undefined): string[] {
  const workspaces = manifest?.workspaces
  const npm = Array.isArray(workspaces) ? strings(workspaces) : strings(property(workspaces, 'packages'))
  const pnpm = pnpmPackages(tree.read(join(root, 'pnpm-workspace.yaml') ?? ''))
  const lerna = strings(property(tree.json(join(root, 'lerna.json') ?? ''), 'packages'))
  return [...npm, ...pnpm, ...lerna]
}

/** The `packages:` list of pnpm-workspace.yaml, block or flow style; the file holds nothing else that matters here. */
function pnpmPackages(text: string | undefined): string[] {
  if (text === undefined) return []
  const lines = text.split(/\r?\n/)
  const start = lines.findIndex((line) => /^packages\s*:/.test(line))
  if (start < 0) return []
  const flow = /^packages\s*:\s*\[(.*)\]/.exec(lines[start] as string)
  if (flow) return (flow[1] as string).split(',').map(unquote).filter(Boolean)
  const items: string[] = []
  for (const line of lines.slice(start + 1)) {
    if (/^\s*(?:#.*)?$/.test(line)) continue
    const item = /^\s*-\s+(.*)$/.exec(line)
    if (!item) break
    items.push(unquote(item[1] as string))
  }
  return items
}

function unquote(value: string): string {
  const quoted = /^\s*(?:"([^"]*)"|'([^']*)')/.exec(value)
  return quoted ? (quoted[1] ?? quoted[2] ?? '') : value.replace(/\s+#.*$/, '').trim()
}

/** `packages/*`, `apps/**`, `{a,b}/*` as a regular expression over folders. */
function globToRegExp(glob: string): RegExp {
  const trimmed = glob.replace(/^\.\//, '').replace(/\/+$/, '')
  const source = trimmed.replace(/\*\*\/?|\*|\{[^}]*\}|[.+^$()|[\]\\?]/g, (token) => {
    if (token.startsWith('**')) return token.endsWith('/') ? '(?:.*/)?' : '.*'
    if (token === '*') return '[^/]*'
    if (token === '?') return '[^/]'
    if (token.startsWith('{'))
      return `(?:${token
        .slice(1, -1)
        .split(',')
        .map((part) => part.replace(/[.*+?^$()|[\]\\]/g, '\\$&'))
        .join('|')})`
    return `\\${token}`
  })
  return new RegExp(`^${source}$`)
}

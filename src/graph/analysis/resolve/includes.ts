import { isRecord, property, strings } from './jsonc.ts'
import type { Tree } from './tree.ts'
import { ancestors, dirname, join } from './tree.ts'

/** Where C and C++ headers are looked for beside the file itself, as the build files of the tree say. */
export interface IncludeFolders {
  /** Folders for the files of a folder, those of the nearest build file first. */
  of: (folder: string) => readonly string[]
  /** Folders of all build files: what a target makes public reaches the sources of others that link to it. */
  all: readonly string[]
}

/** Folders as one build file names them; undefined where a name leaves the tree or is worked out while building. */
type Reader = (text: string, folder: string, tree: Tree) => (string | undefined)[]

/**
 * Include folders by CMake (`include_directories`, `target_include_directories`), Make and Automake (`-I`), node-gyp (`include_dirs`), Meson
 * (`include_directories`) and compile_commands.json. A build file speaks for the files in its folder and below, whichever target they belong to.
 */
export function createIncludeFolders(tree: Tree): IncludeFolders {
  const byBuildFolder = new Map<string, string[]>()
  for (const path of tree.paths) {
    const reader = readerOf(path.slice(path.lastIndexOf('/') + 1))
    const text = reader && tree.read(path)
    if (reader === undefined || text === undefined) continue
    const folder = dirname(path)
    const found = reader(text, folder, tree).filter((one): one is string => one !== undefined && tree.hasFolder(one))
    byBuildFolder.set(folder, [...new Set([...(byBuildFolder.get(folder) ?? []), ...found])])
  }
  const all = [...new Set([...byBuildFolder.values()].flat())].slice(0, MOST)
  return {
    of: (folder) => ancestors(folder).flatMap((one) => byBuildFolder.get(one) ?? []),
    all,
  }
}

/** Include folders of a tree, beyond which only those of near build files count. */
const MOST = 200

function readerOf(name: string): Reader | undefined {
  if (name === 'CMakeLists.txt' || name.endsWith('.cmake')) return readCmake
  if (/^(?:GNU)?[Mm]akefile(?:\.\w+)?$|\.mk$/.test(name)) return readMake
  if (/\.gypi?$/.test(name)) return readGyp
  if (name === 'meson.build') return readMeson
  return name === 'compile_commands.json' ? readCommands : undefined
}

const HERE =
  /^(?:\$\{CMAKE_CURRENT_(?:SOURCE|LIST)_DIR\}|\$\((?:srcdir|CURDIR)\)|\$\{(?:srcdir|CURDIR)\}|\.)(?=\/|$)\/?/
const ROOT =
  /^(?:\$\{(?:CMAKE|PROJECT|\w+)_SOURCE_DIR\}|\$\((?:top_srcdir|abs_top_srcdir|PWD)\)|\$\{(?:top_srcdir|PWD)\})(?=\/|$)\/?/

/** A folder as written: from the build file's own, or from that of the outermost build file for the variables that say so. */
function place(written: string, folder: string, tree: Tree): string | undefined {
  const plain = written.replace(/^["']|["']$/g, '').replace(/^\$<BUILD_INTERFACE:(.*)>$/, '$1')
  const fromHere = plain.replace(HERE, '')
  if (ROOT.test(plain)) return join(outermost(folder, tree), plain.replace(ROOT, ''))
  return /[$<>@`]|^\//.test(fromHere) ? undefined : join(folder, fromHere)
}

/** The topmost folder, from one upwards without a gap, that holds a build file. */
function outermost(folder: string, tree: Tree): string {
  const names = ['CMakeLists.txt', 'Makefile', 'Makefile.am', 'configure.ac']
  return ancestors(folder).findLast((one) => names.some((name) => tree.has(join(one, name) ?? ''))) ?? folder
}

const KEYWORDS = new Set(['PUBLIC', 'PRIVATE', 'INTERFACE', 'SYSTEM', 'BEFORE', 'AFTER'])

const readCmake: Reader = (text, folder, tree) => {
  const plain = text.replace(/#[^\n]*/g, '')
  return [...plain.matchAll(/\b(target_)?include_directories\s*\(([^)]*)\)/gi)].flatMap(([, target, list = '']) =>
    words(list)
      .slice(target === undefined ? 0 : 1)
      .filter((word) => !KEYWORDS.has(word))
      .map((word) => place(word, folder, tree)),
  )
}

const readMake: Reader = (text, folder, tree) =>
  [...text.matchAll(/(?:^|[\s=])-(?:I|isystem|iquote)\s*("[^"]*"|[^\s"]+)/gm)].map(([, written = '']) =>
    place(written, folder, tree),
  )

const readGyp: Reader = (text, folder, tree) =>
  [...text.replace(/#[^\n]*/g, '').matchAll(/["']include_dirs[+?]?["']\s*:\s*\[([^\]]*)\]/g)].flatMap(([, list = '']) =>
    [...list.matchAll(/(["'])(.*?)\1/g)].map(([, , written = '']) => place(written, folder, tree)),
  )

const readMeson: Reader = (text, folder, tree) =>
  [...text.replace(/#[^\n]*/g, '').matchAll(/\binclude_directories\s*\(([^)]*)\)/g)].flatMap(([, list = '']) =>
    [...list.matchAll(/'([^']*)'/g)].map(([, written = '']) => place(written, folder, tree)),
  )

function words(list: string): string[] {
  return list.match(/"[^"]*"|[^\s"]+/g) ?? []
}

/** Paths in it are absolute: where the tree lies follows from the files it names. */
const readCommands: Reader = (text, _folder, tree) => {
  const commands = parsed(text)
  const root = commands.flatMap((command) => rootOf(command, tree) ?? [])[0]
  if (root === undefined) return []
  return commands.flatMap((command) => {
    const directory = String(property(command, 'directory') ?? '')
    const written = property(command, 'command')
    const list = typeof written === 'string' ? words(written) : strings(property(command, 'arguments'))
    return flags(list).map((flag) => {
      const path = flag.startsWith('/') ? flag : `${directory}/${flag}`
      return `${path}/`.startsWith(`${root}/`) ? join('', path.slice(root.length)) : undefined
    })
  })
}

function parsed(text: string): Record<string, unknown>[] {
  try {
    const value: unknown = JSON.parse(text)
    return Array.isArray(value) ? value.filter(isRecord) : []
  } catch {
    return []
  }
}

/** The absolute folder of the tree, by a file that a command compiles; the longest path inside of the tree wins. */
function rootOf(command: Record<string, unknown>, tree: Tree): string | undefined {
  const file = property(command, 'file')
  const directory = String(property(command, 'directory') ?? '')
  if (typeof file !== 'string') return undefined
  const path = join('', file.startsWith('/') ? file : `${directory}/${file}`)
  const parts = path?.split('/') ?? []
  const at = parts.findIndex((_part, index) => tree.has(parts.slice(index).join('/')))
  return at < 0
    ? undefined
    : parts
        .slice(0, at)
        .map((part) => `/${part}`)
        .join('')
}

/** What stands behind `-I`, `-isystem` and `-iquote`, apart or in one word. */
function flags(list: readonly string[]): string[] {
  return list.flatMap((word, at) => {
    const found = /^-(?:I|isystem|iquote)(.*)$/.exec(word)
    return found ? (found[1] === '' ? (list[at + 1] ?? []) : (found[1] as string)) : []
  })
}

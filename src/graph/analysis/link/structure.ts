import { isRecord, property } from '../resolve/jsonc.ts'
import { dirname, join } from '../resolve/tree.ts'
import type { GraphNode, SymbolFact } from '../types.ts'
import type { LinkContext, LinkedFile } from './context.ts'
import { outsideKey, symbolKey } from './context.ts'

/** What the reader knows about a file beside its facts. */
export interface FileInfo {
  path: string
  hash: string | undefined
  /** Undefined where the file could not be analysed. */
  language: string | undefined
  lines: number
  notes: GraphNode['notes']
}

const DOCUMENTS = new Set(['markdown', 'text', 'html', 'pdf', 'docx'])

/** Nodes of the source, its folders and files, with `contains` edges. */
export function linkFolders(context: LinkContext, name: string, files: FileInfo[], ignored: Map<string, number>): void {
  const { builder } = context
  builder.node({ key: '.', kind: 'source', name, path: '' })
  const folder = (path: string): string => {
    if (path === '') return '.'
    const key = `${path}/`
    if (!builder.has(key)) {
      builder.node({ key, kind: 'folder', name: path.slice(path.lastIndexOf('/') + 1), path })
      builder.edge({ kind: 'contains', from: folder(dirname(path)), to: key })
    }
    return key
  }
  for (const { path, hash, language, lines, notes } of files) {
    const isDocument = DOCUMENTS.has(language ?? '')
    builder.node({
      key: path,
      kind: isDocument ? 'document' : 'file',
      name: path.slice(path.lastIndexOf('/') + 1),
      path,
      ...(language === undefined ? {} : { language, lines }),
      ...(language !== undefined && lines > 0 ? { startLine: 1, endLine: lines } : {}),
      ...(hash === undefined ? {} : { hash }),
      ...(notes && notes.length > 0 ? { notes } : {}),
    })
    builder.edge({ kind: 'contains', from: folder(dirname(path)), to: path })
  }
  for (const [path, count] of ignored) {
    const key = folder(path)
    const node = builder.get(key)
    if (node) node.notes = [{ code: 'ignored', detail: `${count} files are not analysed` }]
  }
}

/** Nodes of packages whose manifests are in the tree, and what they depend on. */
export function linkPackages(context: LinkContext): void {
  const { builder, packages } = context
  for (const own of packages.own) {
    const key = `own:${own.folder === '' ? '.' : own.folder}/`
    const path = join(own.folder, 'package.json') as string
    builder.node({ key, kind: 'package', name: own.name, path, own: true, language: 'json' })
    builder.edge({ kind: 'contains', from: own.folder === '' ? '.' : `${own.folder}/`, to: key })
  }
  for (const own of packages.own) {
    const from = `own:${own.folder === '' ? '.' : own.folder}/`
    const path = join(own.folder, 'package.json') as string
    for (const field of ['dependencies', 'devDependencies', 'peerDependencies', 'optionalDependencies']) {
      const list = property(own.manifest, field)
      for (const name of isRecord(list) ? Object.keys(list) : []) {
        const other = packages.find(name, path)
        const to = outsideKey(
          context,
          other
            ? { to: 'own', package: other, resolution: 'exact' }
            : { to: 'external', ecosystem: 'npm', name, resolution: 'exact' },
        )
        builder.edge({ kind: 'references', from, to, name: field })
      }
    }
  }
}

/** Nodes of a file's symbols or sections, under the file or the symbol that encloses them. */
export function linkSymbols(context: LinkContext, file: LinkedFile): void {
  for (const [index, symbol] of file.facts.symbols.entries()) {
    const key = symbolKey(file, index)
    const { name, kind, startLine, endLine, signature, doc } = symbol
    const section = kind === 'section'
    context.builder.node({
      key,
      kind,
      name,
      path: file.path,
      startLine,
      endLine,
      language: file.facts.language,
      ...(section ? {} : { exported: symbol.exported }),
      ...(signature ? { signature } : {}),
      ...(doc ? { doc } : {}),
    })
  }
  for (const [index, symbol] of file.facts.symbols.entries()) linkParent(context, file, index, symbol)
}

function linkParent(
  context: LinkContext,
  file: LinkedFile,
  index: number,
  { parent, kind, startLine, endLine }: SymbolFact,
): void {
  const edge = kind === 'section' ? ('contains' as const) : ('defines' as const)
  context.builder.edge({ kind: edge, from: symbolKey(file, parent), to: symbolKey(file, index), startLine, endLine })
}

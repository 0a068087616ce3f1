import { dirname, join } from '../resolve/tree.ts'
import type { LinkFact, Resolution } from '../types.ts'
import type { LinkContext, LinkedFile } from './context.ts'
import { hasKey, symbolKey } from './context.ts'

/** Symbols by the names a document may call them by. */
export interface MentionIndex {
  /** Node keys by plain name (`createApp`), exported top-level symbols only. */
  plain: Map<string, string[]>
  /** Node keys by qualified name (`App.listen`). */
  qualified: Map<string, string[]>
}

/** Indexes the symbols of all code files. */
export function createMentionIndex(files: LinkedFile[]): MentionIndex {
  const index: MentionIndex = { plain: new Map(), qualified: new Map() }
  const put = (map: Map<string, string[]>, name: string, key: string) => map.set(name, [...(map.get(name) ?? []), key])
  for (const file of files) {
    for (const [at, symbol] of file.facts.symbols.entries()) {
      if (symbol.kind === 'section') continue
      const key = symbolKey(file, at)
      if (symbol.parent < 0 && symbol.exported) put(index.plain, symbol.name, key)
      const owner = file.facts.symbols[symbol.parent]
      if (owner && owner.parent < 0) put(index.qualified, `${owner.name}.${symbol.name}`, key)
    }
  }
  return index
}

/** `links` and `mentions` edges of a document and its sections. */
export function linkDocument(context: LinkContext, file: LinkedFile, mentions: () => MentionIndex): void {
  for (const fact of file.facts.links) {
    if (fact.kind === 'link') linkTarget(context, file, fact)
    else mention(context, file, fact, mentions)
  }
}

function linkTarget(context: LinkContext, file: LinkedFile, fact: LinkFact): void {
  const { target } = fact
  if (/^(?:[a-z][a-z0-9+.-]*:|\/\/)/i.test(target)) return
  const hashAt = target.indexOf('#')
  const written = decode((hashAt < 0 ? target : target.slice(0, hashAt)).replace(/\?.*$/, ''))
  const anchor = hashAt < 0 ? '' : decode(target.slice(hashAt + 1))
  const path =
    written === '' ? file.path : written.startsWith('/') ? join('', written) : join(dirname(file.path), written)
  const found = path === undefined ? undefined : findPath(context, path)
  if (found === undefined) {
    addUnresolved(context, file, fact, path === undefined ? target : `${path}${anchor === '' ? '' : `#${anchor}`}`)
    return
  }
  const document = context.byPath.get(found.key)
  const section = anchor === '' || document === undefined ? undefined : findAnchor(document, anchor)
  const isDocument = document?.facts.anchors !== undefined
  if (anchor !== '' && isDocument && section === undefined) {
    addUnresolved(context, file, fact, `${found.key}#${anchor}`)
    return
  }
  const to = section === undefined || document === undefined ? found.key : symbolKey(document, section)
  add(context, file, fact, 'links', to, found.resolution)
}

/** The section of an anchor; the document itself for `#top` (HTML Standard, "Scrolling to a fragment") and for lines as forges name them. */
function findAnchor(document: LinkedFile, anchor: string): number | undefined {
  const anchors = document.facts.anchors ?? []
  const lower = anchor.toLowerCase()
  const found = anchors.find(([name]) => name === anchor) ?? anchors.find(([name]) => name.toLowerCase() === lower)
  return found?.[1] ?? (/^(?:top|l\d+(?:c\d+)?(?:-l?\d+(?:c\d+)?)?)$/.test(lower) ? -1 : undefined)
}

/** The file or folder as written; without extension the document of that name, as documentation sites write it. */
function findPath(context: LinkContext, path: string): { key: string; resolution: Resolution } | undefined {
  if (context.builder.has(path) && path !== '.') return { key: path, resolution: 'exact' }
  if (path === '') return { key: '.', resolution: 'exact' }
  if (context.builder.has(`${path}/`)) return { key: `${path}/`, resolution: 'exact' }
  const stem = path.replace(/\.html?$/, '')
  const guess = [`${stem}.md`, `${stem}.mdx`, `${stem}/README.md`, `${stem}/index.md`].find((key) =>
    context.builder.has(key),
  )
  return guess === undefined ? undefined : { key: guess, resolution: 'inferred' }
}

function mention(context: LinkContext, file: LinkedFile, fact: LinkFact, mentions: () => MentionIndex): void {
  const text = fact.target.replace(/\(.*\)$/, '')
  const paths = text.includes('/') || /\.\w{1,5}$/.test(text) ? [join(dirname(file.path), text), join('', text)] : []
  for (const path of paths) {
    if (path === undefined || path === '' || path === file.path) continue
    const key = [path, `${path}/`].find((one) => hasKey(context, one))
    if (key !== undefined) {
      add(context, file, fact, 'mentions', key, 'exact')
      return
    }
  }
  if (text.length < 3) return
  const index = mentions()
  const keys =
    text.includes('.') || text.includes('#') ? index.qualified.get(text.replace('#', '.')) : index.plain.get(text)
  if (keys?.length === 1) add(context, file, fact, 'mentions', keys[0] as string, 'inferred')
}

function addUnresolved(context: LinkContext, file: LinkedFile, fact: LinkFact, name: string): void {
  const key = `unresolved:${name}`
  context.builder.node({ key, kind: 'unresolved', name, path: '' })
  add(context, file, fact, 'links', key, 'unresolved')
}

function add(
  context: LinkContext,
  file: LinkedFile,
  fact: LinkFact,
  kind: 'links' | 'mentions',
  to: string,
  resolution: Resolution,
): void {
  const { startLine, endLine } = fact
  context.builder.edge({ kind, from: symbolKey(file, fact.from), to, resolution, startLine, endLine })
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

import { createDescriptors } from './descriptors.ts'
import type { Comment } from './javascript/ast.ts'
import { lineAt } from './lines.ts'
import type { FileFacts, NodeKind, SymbolFact } from './types.ts'

/** What a declaration is, as the extractor hands it over. */
export interface Declared {
  name: string
  kind: NodeKind
  parent: number
  /** Descriptor of an owner that is not in this file. */
  prefix?: string
  /** Offsets of the whole statement, `export` and decorators included. */
  start: number
  end: number
  /** Offset where the body opens: the signature ends before it. */
  bodyStart?: number
  exported: boolean
  isStatic?: boolean
  /** Joins an earlier declaration of the same descriptor and kind: overloads, accessors, merged interfaces. */
  merge?: boolean
  /** An overload or the implementation of some: it stands right below what it joins, however much is said between them. */
  overload?: boolean
}

export interface SymbolTable {
  add: (what: Declared) => number
}

/** Collects the symbols of one file, with descriptors, signatures and doc comments. */
export function createSymbolTable(facts: FileFacts, text: string, starts: number[], docBefore: DocFinder): SymbolTable {
  const descriptors = createDescriptors()
  return {
    add(what) {
      const around = what.parent < 0 ? '' : (facts.symbols[what.parent] as SymbolFact).descriptor
      const parent = what.prefix === undefined ? around : [around, what.prefix].filter((part) => part !== '').join('.')
      const startLine = lineAt(starts, what.start)
      const endLine = lineAt(starts, Math.max(what.start, what.end - 1))
      if (what.merge) {
        const known = descriptors.find(parent, what.name, what.kind)
        const earlier = known === undefined ? undefined : (facts.symbols[known] as SymbolFact)
        if (earlier && known !== undefined && joins(earlier, what)) {
          const adjoins = what.overload === true || startLine <= earlier.endLine + 2
          if (adjoins && endLine > earlier.endLine) earlier.endLine = endLine
          if (what.exported) earlier.exported = true
          return known
        }
      }
      const descriptor = descriptors.take(parent, what.name, what.kind)
      const symbol: SymbolFact = {
        name: what.name,
        kind: what.kind,
        descriptor,
        parent: what.parent,
        startLine,
        endLine,
        exported: what.exported,
      }
      if (what.isStatic) symbol.isStatic = true
      symbol.signature = signatureOf(text.slice(what.start, Math.min(what.bodyStart ?? what.end, what.start + 2000)))
      const doc = docBefore(what.start)
      if (doc) {
        if (doc.text !== '') symbol.doc = doc.text
        symbol.docLine = doc.line
      }
      facts.symbols.push(symbol)
      descriptors.set(descriptor, facts.symbols.length - 1)
      return facts.symbols.length - 1
    },
  }
}

/** Declarations of one name that are one thing. A namespace adds to whatever has its name. */
function joins(earlier: SymbolFact, { kind, isStatic = false }: Declared): boolean {
  return (earlier.kind === kind && (earlier.isStatic ?? false) === isStatic) || kind === 'namespace'
}

/** One line, at most 300 characters. */
export function signatureOf(source: string): string {
  const flat = source
    .replace(/\s+/g, ' ')
    .replace(/(?:=>|=|\{|:)?\s*$/, '')
    .trim()
  return flat.length > 300 ? `${flat.slice(0, 299)}…` : flat
}

export type DocFinder = (start: number) => { text: string; line: number } | undefined

/** Finds the comment that stands directly above an offset: one block, or adjoining line comments. */
export function createDocFinder(text: string, starts: number[], comments: Comment[]): DocFinder {
  return (start) => {
    let low = 0
    let high = comments.length
    while (low < high) {
      const middle = (low + high) >> 1
      if ((comments[middle] as Comment).end <= start) low = middle + 1
      else high = middle
    }
    let at = low - 1
    const last = comments[at]
    if (last === undefined || !adjoins(text, last.end, start) || !startsLine(text, last.start)) return undefined
    if (last.type === 'Block') return { text: cleanBlock(last.value), line: lineAt(starts, last.start) }
    const lines = [last.value]
    let first = last
    for (at--; at >= 0; at--) {
      const earlier = comments[at] as Comment
      if (earlier.type !== 'Line' || !adjoins(text, earlier.end, first.start) || !startsLine(text, earlier.start)) break
      lines.unshift(earlier.value)
      first = earlier
    }
    return { text: clip(lines.map((line) => line.trim()).join('\n')), line: lineAt(starts, first.start) }
  }
}

/** Only blanks and at most one line break between two offsets. */
function adjoins(text: string, from: number, to: number): boolean {
  if (to - from > 200) return false
  const between = text.slice(from, to)
  return /^[ \t]*\r?\n?[ \t]*$/.test(between)
}

function startsLine(text: string, offset: number): boolean {
  const lineStart = text.lastIndexOf('\n', offset - 1) + 1
  return text.slice(lineStart, offset).trim() === ''
}

function cleanBlock(value: string): string {
  const lines = value.split('\n').map((line) => line.replace(/^\s*\*+ ?/, '').trimEnd())
  return clip(lines.join('\n').trim())
}

function clip(doc: string): string {
  return doc.length > 1000 ? `${doc.slice(0, 999)}…` : doc
}

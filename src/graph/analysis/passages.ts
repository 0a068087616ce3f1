import { sliceLines } from './lines.ts'
import type { FileFacts, PassageFact, SymbolFact } from './types.ts'

/** How much one passage holds at most: beyond this a reader wants the place, not the text. */
const MAX_LINES = 80
const CHUNK_LINES = 60
const MAX_CHARACTERS = 8000
/** A class or object up to this size is one passage; a bigger one is its head and its members. */
const SMALL_CONTAINER = 30

const CONTAINERS = new Set(['class', 'interface', 'namespace', 'variable'])

/** Cuts source code into passages: each symbol with its doc comment, and what stands between symbols. */
export function codePassages(facts: FileFacts, text: string, starts: readonly number[]): PassageFact[] {
  const passages: PassageFact[] = []
  const children = new Map<number, number[]>()
  for (const [index, symbol] of facts.symbols.entries()) {
    const siblings = children.get(symbol.parent)
    if (siblings) siblings.push(index)
    else children.set(symbol.parent, [index])
  }
  const covered = new Uint8Array(facts.lines + 2)
  const add = (symbol: number, first: number, last: number, title: string) => {
    if (last < first || covered[first] === 2) return
    for (const [from, to] of chunks(first, last, starts)) {
      const body = clip(sliceLines(text, starts, from, to))
      if (body.trim() !== '') passages.push({ symbol, startLine: from, endLine: to, text: body, kind: 'code', title })
    }
    covered.fill(1, first, last + 1)
  }
  const visit = (index: number) => {
    const symbol = facts.symbols[index] as SymbolFact
    const start = Math.min(symbol.docLine ?? symbol.startLine, symbol.startLine)
    const members = (children.get(index) ?? []).filter((at) => ownLines(facts.symbols[at] as SymbolFact, symbol))
    const title = titleOf(symbol)
    if (!CONTAINERS.has(symbol.kind) || members.length === 0 || symbol.endLine - start < SMALL_CONTAINER) {
      add(index, start, symbol.endLine, title)
      return
    }
    const first = facts.symbols[members[0] as number] as SymbolFact
    add(index, start, Math.min((first.docLine ?? first.startLine) - 1, start + CHUNK_LINES - 1), title)
    covered.fill(1, start, symbol.endLine + 1)
    for (const member of members) visit(member)
  }
  for (const index of children.get(-1) ?? []) visit(index)
  for (const fact of facts.imports) covered.fill(1, fact.startLine, fact.endLine + 1)
  addGaps(passages, covered, facts, text, starts)
  return passages.sort((a, b) => a.startLine - b.startLine || a.endLine - b.endLine || a.symbol - b.symbol)
}

/** Members on lines of their own, inside the container. */
function ownLines(member: SymbolFact, container: SymbolFact): boolean {
  return member.startLine > container.startLine && member.endLine <= container.endLine
}

/** `Class.method`, without the punctuation of descriptors. */
function titleOf(symbol: SymbolFact): string {
  return symbol.descriptor.replace(/\((?:\+\d+)?\)/g, '').replace(/\.$/, '')
}

/** Statements between the symbols belong to the file. */
function addGaps(
  passages: PassageFact[],
  covered: Uint8Array,
  facts: FileFacts,
  text: string,
  starts: readonly number[],
): void {
  let line = 1
  while (line <= facts.lines) {
    if (covered[line]) {
      line++
      continue
    }
    let last = line
    while (last < facts.lines && !covered[last + 1]) last++
    const [first, end] = trimBlank(text, starts, line, last)
    if (end - first >= 1) {
      for (const [from, to] of chunks(first, end, starts)) {
        const body = clip(sliceLines(text, starts, from, to))
        if (/\w/.test(body))
          passages.push({ symbol: -1, startLine: from, endLine: to, text: body, kind: 'code', title: '' })
      }
    }
    line = last + 1
  }
}

function trimBlank(text: string, starts: readonly number[], from: number, to: number): [number, number] {
  let first = from
  let last = to
  while (first < last && sliceLines(text, starts, first, first).trim() === '') first++
  while (last > first && sliceLines(text, starts, last, last).trim() === '') last--
  return [first, last]
}

/** Stretches of at most so many lines and characters; all on one where it fits. */
function chunks(first: number, last: number, starts: readonly number[]): [number, number][] {
  if (last - first < MAX_LINES && size(starts, first, last) <= MAX_CHARACTERS) return [[first, last]]
  const list: [number, number][] = []
  let from = first
  for (let line = first; line <= last; line++) {
    const isFull = line - from === CHUNK_LINES - 1 || size(starts, from, line + 1) > MAX_CHARACTERS
    if (line !== last && !isFull) continue
    list.push([from, line])
    from = line + 1
  }
  return list
}

/** Characters of some lines, as far as the text goes. */
function size(starts: readonly number[], from: number, to: number): number {
  return (starts[to] ?? starts.at(-1) ?? 0) - (starts[from - 1] ?? 0)
}

/** A line longer than a passage is shown as far as that goes. */
function clip(text: string): string {
  return text.length > MAX_CHARACTERS ? text.slice(0, MAX_CHARACTERS) : text
}

/** Plain text and configuration files in chunks of whole lines. */
export function textPassages(facts: FileFacts, text: string, starts: readonly number[]): PassageFact[] {
  const kind = facts.language === 'text' ? 'doc' : 'code'
  const list: PassageFact[] = []
  for (const [from, to] of chunks(1, facts.lines, starts)) {
    const body = clip(sliceLines(text, starts, from, to))
    if (body.trim() !== '') list.push({ symbol: -1, startLine: from, endLine: to, text: body, kind, title: '' })
  }
  return list
}

/** The text of one section, cut at paragraphs where it is long. */
export function sectionPassages(
  symbol: number,
  title: string,
  first: number,
  last: number,
  text: string,
  starts: readonly number[],
): PassageFact[] {
  const [from, to] = trimBlank(text, starts, first, last)
  const list: PassageFact[] = []
  let start = from
  for (let line = from; line <= to; line++) {
    const isBreak = line < to && line - start >= CHUNK_LINES / 2 && sliceLines(text, starts, line, line).trim() === ''
    const isLong = line - start >= MAX_LINES - 1 || size(starts, start, line + 1) > MAX_CHARACTERS / 2
    if (line !== to && !isBreak && !isLong) continue
    const body = clip(sliceLines(text, starts, start, line))
    if (body.trim() !== '') list.push({ symbol, startLine: start, endLine: line, text: body, kind: 'doc', title })
    start = line + 1
  }
  return list
}

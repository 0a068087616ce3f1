import { Parser } from 'htmlparser2'
import { countLines, lineAt, lineStarts } from '../lines.ts'
import { createSlugger } from '../markdown/slug.ts'
import { sectionPassages } from '../passages.ts'
import type { FileFacts, SymbolFact } from '../types.ts'
import { emptyFacts } from '../types.ts'

const SILENT = new Set(['script', 'style', 'template', 'noscript', 'svg'])

interface State {
  facts: FileFacts
  anchors: Map<string, number>
  open: { index: number; level: number }[]
  /** The heading that is being read. */
  heading: { level: number; line: number; text: string; id: string | undefined } | undefined
  silent: number
  slug: (heading: string) => string
}

/** Facts of an HTML document: headings as sections, ids as anchors, links and references, and its text line by line. */
export function extractHtml(text: string, language = 'html'): FileFacts {
  const starts = lineStarts(text)
  const facts = emptyFacts(language, countLines(text, starts))
  const state: State = { facts, anchors: new Map(), open: [], heading: undefined, silent: 0, slug: createSlugger() }
  const shown: string[] = Array.from({ length: starts.length }, () => '')
  const parser: Parser = new Parser({
    onopentag: (name, attributes) => open(state, name, attributes, lineAt(starts, parser.startIndex)),
    ontext(data) {
      if (state.silent > 0) return
      if (state.heading) state.heading.text += data
      const line = lineAt(starts, parser.startIndex)
      for (const [at, part] of data.split('\n').entries()) {
        const index = Math.min(line - 1 + at, shown.length - 1)
        shown[index] = `${shown[index] ?? ''}${part}`
      }
    },
    onclosetag: (name) => close(state, name),
  })
  parser.end(text)
  closeSections(state, 0, facts.lines)
  facts.anchors = [...state.anchors]
  addPassages(facts, shown.map((line) => line.replace(/[ \t]+/g, ' ').trim()).join('\n'))
  return facts
}

function open(state: State, name: string, attributes: Record<string, string>, line: number): void {
  if (SILENT.has(name)) state.silent++
  const level = /^h([1-6])$/.exec(name)?.[1]
  if (level) state.heading = { level: Number(level), line, text: '', id: attributes.id }
  const from = state.open.at(-1)?.index ?? -1
  for (const id of [attributes.id, name === 'a' ? attributes.name : undefined])
    if (id && from >= 0 && !level && !state.anchors.has(id)) state.anchors.set(id, from)
  for (const target of [attributes.href, attributes.src])
    if (target) state.facts.links.push({ kind: 'link', from, target, startLine: line, endLine: line })
}

function close(state: State, name: string): void {
  if (SILENT.has(name)) state.silent--
  const { heading } = state
  if (heading === undefined || name !== `h${heading.level}`) return
  state.heading = undefined
  closeSections(state, heading.level, heading.line - 1)
  const title = heading.text.replace(/\s+/g, ' ').trim()
  const index = state.facts.symbols.length
  const slug = heading.id ?? state.slug(title)
  const anchor = state.anchors.has(slug) || slug === '' ? `section-${index + 1}` : slug
  const parent = state.open.at(-1)?.index ?? -1
  const place = { startLine: heading.line, endLine: heading.line }
  state.facts.symbols.push({
    name: title || anchor,
    kind: 'section',
    descriptor: anchor,
    parent,
    exported: false,
    ...place,
  })
  state.anchors.set(anchor, index)
  state.open.push({ index, level: heading.level })
}

function closeSections(state: State, level: number, endLine: number): void {
  while (state.open.length > 0 && (state.open.at(-1) as { level: number }).level >= level) {
    const section = state.facts.symbols[(state.open.pop() as { index: number }).index] as SymbolFact
    section.endLine = Math.max(section.startLine, endLine)
  }
}

/** Passages of what a reader sees, section by section. */
function addPassages(facts: FileFacts, shown: string): void {
  const starts = lineStarts(shown)
  const heads = [{ index: -1, line: 1, title: '' }]
  for (const [index, { startLine, name }] of facts.symbols.entries())
    heads.push({ index, line: startLine, title: name })
  for (const [at, { index, line, title }] of heads.entries()) {
    const last = (heads[at + 1]?.line ?? facts.lines + 1) - 1
    if (last >= line) facts.passages.push(...sectionPassages(index, title, line, last, shown, starts))
  }
}

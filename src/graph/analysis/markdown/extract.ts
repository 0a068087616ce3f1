import MarkdownIt from 'markdown-it'
import { countLines, lineStarts } from '../lines.ts'
import { sectionPassages } from '../passages.ts'
import type { FileFacts, LinkFact, SymbolFact } from '../types.ts'
import { emptyFacts } from '../types.ts'
import { createSlugger } from './slug.ts'

const markdown = new MarkdownIt({ html: true, linkify: false })
type Token = ReturnType<typeof markdown.parse>[number]

/** Code spans that may name a symbol (`Foo.bar()`) or a file (`src/a.ts`). */
const MENTION = /^(?:@?[\w.-]+\/)*[A-Za-z_$@.][\w$.#/-]*(?:\(.*\))?$/

interface State {
  facts: FileFacts
  /** Open sections from the outermost inwards. */
  open: { index: number; level: number }[]
  /** Starts of sections in order: line and section index. */
  heads: { line: number; index: number }[]
  anchors: Map<string, number>
  /** Anchors met since the last other content, which belong to a heading that follows at once. */
  loose: string[]
  slug: (heading: string) => string
  seen: Set<string>
}

/** Facts of a Markdown file: headings as sections, links, code mentions, and each section's text as passages. */
export function extractMarkdown(_path: string, text: string, language = 'markdown'): FileFacts {
  const starts = lineStarts(text)
  const facts = emptyFacts(language, countLines(text, starts))
  const state: State = {
    facts,
    open: [],
    heads: [],
    anchors: new Map(),
    loose: [],
    slug: createSlugger(),
    seen: new Set(),
  }
  const tokens = markdown.parse(withoutFrontMatter(text), {})
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] as Token
    if (token.type === 'heading_open' && token.level === 0) {
      openSection(state, token, tokens[at + 1] as Token)
      at++
    } else if (token.type === 'heading_open')
      setAnchor(state, state.slug(plainText(tokens[at + 1] as Token)), own(state))
    else if (token.type === 'inline') readInline(state, token)
    else if (token.type === 'html_block') readHtml(state, token.content, line(token), isOnlyAnchor(token.content))
    else if (token.type === 'fence' || token.type === 'code_block') state.loose = []
  }
  closeSections(state, 0, facts.lines)
  facts.anchors = [...state.anchors]
  addPassages(state, text, starts)
  return facts
}

/** Front matter is blanked line by line, so that line numbers stay. */
function withoutFrontMatter(text: string): string {
  const found = /^---\r?\n[\s\S]*?\r?\n(?:---|\.\.\.)[ \t]*(?:\r?\n|$)/.exec(text)
  return found ? found[0].replace(/[^\n]/g, '') + text.slice(found[0].length) : text
}

function line(token: Token): number {
  return (token.map?.[0] ?? 0) + 1
}

function openSection(state: State, token: Token, inline: Token): void {
  const level = Number(token.tag.slice(1))
  const start = line(token)
  closeSections(state, level, start - 1)
  const raw = plainText(inline)
  const custom = /\s*\{#([\w-]+)\}\s*$/.exec(raw)
  const name = custom ? raw.slice(0, custom.index) : raw
  const descriptor = uniqueDescriptor(state, state.slug(name), custom?.[1])
  const index = state.facts.symbols.length
  const section: SymbolFact = {
    name: name.trim() || descriptor,
    kind: 'section',
    descriptor,
    parent: own(state),
    startLine: start,
    endLine: start,
    exported: false,
  }
  state.facts.symbols.push(section)
  state.open.push({ index, level })
  state.heads.push({ line: start, index })
  for (const anchor of state.loose) setAnchor(state, anchor, index, true)
  state.loose = []
  readInline(state, inline)
  state.loose = []
}

function uniqueDescriptor(state: State, slug: string, custom: string | undefined): string {
  const anchor = custom ?? slug
  setAnchor(state, anchor, state.facts.symbols.length)
  if (custom !== undefined) setAnchor(state, slug, state.facts.symbols.length)
  return anchor === '' ? `section-${state.facts.symbols.length + 1}` : anchor
}

function setAnchor(state: State, anchor: string, index: number, override = false): void {
  if (override || !state.anchors.has(anchor)) state.anchors.set(anchor, index)
}

function closeSections(state: State, level: number, endLine: number): void {
  while (state.open.length > 0 && (state.open.at(-1) as { level: number }).level >= level) {
    const { index } = state.open.pop() as { index: number }
    const section = state.facts.symbols[index] as SymbolFact
    section.endLine = Math.max(section.startLine, endLine)
  }
}

/** The heading as a reader sees it. */
function plainText(inline: Token): string {
  const parts = (inline.children ?? []).map((child) => {
    if (child.type === 'text' || child.type === 'code_inline') return child.content
    if (child.type === 'softbreak' || child.type === 'hardbreak') return ' '
    return child.type === 'image' ? child.content : ''
  })
  return parts.join('')
}

function readInline(state: State, inline: Token): void {
  let at = line(inline)
  let content = false
  for (const child of inline.children ?? []) {
    if (child.type === 'softbreak' || child.type === 'hardbreak') at++
    else if (child.type === 'link_open') addLink(state, 'link', String(child.attrGet('href') ?? ''), at)
    else if (child.type === 'image') addLink(state, 'link', String(child.attrGet('src') ?? ''), at)
    else if (child.type === 'code_inline') addMention(state, child.content.trim(), at)
    else if (child.type === 'html_inline') readHtml(state, child.content, at, true)
    if (child.type === 'text' ? child.content.trim() !== '' : !/break$|^html_inline$/.test(child.type)) content = true
  }
  if (content) state.loose = []
}

/** The innermost section, -1 before the first one. */
function own({ open }: State): number {
  return open.at(-1)?.index ?? -1
}

function readHtml(state: State, written: string, at: number, isAnchor: boolean): void {
  const around = own(state)
  const html = written.replace(/<!--[\s\S]*?(?:-->|$)/g, (comment) => comment.replace(/[^\n]/g, ' '))
  for (const [, , content = ''] of html.matchAll(/<h([1-6])\b[^>]*>([\s\S]*?)<\/h\1\s*>/gi))
    setAnchor(state, state.slug(htmlText(content)), around)
  for (const found of html.matchAll(/\s(id|name|href|src)\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))/gi)) {
    const value = found[2] ?? found[3] ?? found[4] ?? ''
    const place = at + (html.slice(0, found.index).match(/\n/g)?.length ?? 0)
    if (/^(?:href|src)$/i.test(found[1] as string)) addLink(state, 'link', value, place)
    else {
      setAnchor(state, value, around)
      // An anchor right under its own heading stays there; one below other text belongs to the heading that follows.
      const head = state.facts.symbols[around]
      if (isAnchor && (head === undefined || at > head.startLine + 2)) state.loose.push(value)
    }
  }
}

/** The text of a heading that is written in HTML. */
function htmlText(html: string): string {
  return html.replace(/<[^>]*>/g, '').replace(/&(amp|lt|gt|quot|#39|nbsp);/g, (_, name: string) => ENTITIES[name] ?? '')
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", nbsp: ' ' }

function isOnlyAnchor(html: string): boolean {
  return html.replace(/<[^>]*>/g, '').trim() === ''
}

function addLink(state: State, kind: LinkFact['kind'], target: string, at: number): void {
  if (target === '') return
  const from = own(state)
  const key = `${kind} ${from} ${target}`
  if (state.seen.has(key)) return
  state.seen.add(key)
  state.facts.links.push({ kind, from, target, startLine: at, endLine: at })
}

function addMention(state: State, code: string, at: number): void {
  if (code.length >= 3 && code.length <= 200 && MENTION.test(code)) addLink(state, 'mention', code, at)
}

function addPassages(state: State, text: string, starts: readonly number[]): void {
  const { facts, heads } = state
  const first = heads[0]?.line ?? facts.lines + 1
  facts.passages.push(...sectionPassages(-1, '', 1, first - 1, text, starts))
  for (const [at, { line: start, index }] of heads.entries()) {
    const end = (heads[at + 1]?.line ?? facts.lines + 1) - 1
    facts.passages.push(...sectionPassages(index, headingPath(facts, index), start, end, text, starts))
  }
}

/** `Guide > Install > Linux`. */
function headingPath(facts: FileFacts, index: number): string {
  const names: string[] = []
  for (let at = index; at >= 0; at = (facts.symbols[at] as SymbolFact).parent) {
    names.unshift((facts.symbols[at] as SymbolFact).name)
  }
  return names.join(' > ')
}

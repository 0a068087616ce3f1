import MarkdownIt from 'markdown-it'
import type { Files } from '../graph/tree.ts'

/**
 * Questions with known answers, taken from documents themselves: the text of a link asks, the section that it leads to answers. Headings and
 * anchors are read here on their own, by GitHub's rules, so that nothing of the analysis is its own judge.
 */
export interface LinkQuestion {
  text: string
  /** Where the link stands: nothing of this section counts as an answer. */
  from: Place
  /** The section it leads to, without the sections inside; `whole` with them. */
  to: Place
  whole: Place
}

/** Lines of a file, from 1, both included. */
export interface Place {
  path: string
  startLine: number
  endLine: number
}

interface Section extends Place {
  level: number
  /** Last line with all sections inside. */
  wholeEnd: number
}

interface Document {
  path: string
  sections: Section[]
  anchors: Map<string, Section>
  links: { text: string; target: string; line: number }[]
}

const markdown = new MarkdownIt({ html: true })
type Token = ReturnType<typeof markdown.parse>[number]

/** The questions of a folder of Markdown files: links with an anchor, each text once for a section and its target. */
export function linkQuestions(files: Files): LinkQuestion[] {
  const documents = new Map(
    Object.entries(files)
      .filter(([path]) => path.endsWith('.md'))
      .map(([path, text]) => [path, readDocument(path, String(text))]),
  )
  const questions = new Map<string, LinkQuestion>()
  for (const document of documents.values()) {
    for (const { text, target, line } of document.links) {
      const to = follow(documents, document.path, target)
      const from = sectionAt(document, line)
      if (to === undefined || to === from || text.trim() === '') continue
      const { path, startLine, endLine, wholeEnd } = to
      const question = {
        text,
        from: placeOf(from),
        to: { path, startLine, endLine },
        whole: { path, startLine, endLine: wholeEnd },
      }
      questions.set(JSON.stringify([text, from.path, from.startLine, path, startLine]), question)
    }
  }
  return [...questions.values()]
}

const placeOf = ({ path, startLine, endLine }: Section): Place => ({ path, startLine, endLine })

function follow(documents: Map<string, Document>, from: string, target: string): Section | undefined {
  if (!target.includes('#') || /^\w+:|^\/\//.test(target)) return undefined
  const url = new URL(target, `file:///${from}`)
  const document = documents.get(decodeURIComponent(url.pathname.slice(1)))
  return document?.anchors.get(decodeURIComponent(url.hash.slice(1)).toLowerCase())
}

function sectionAt({ sections }: Document, line: number): Section {
  return sections.findLast((section) => section.startLine <= line) as Section
}

function readDocument(path: string, text: string): Document {
  const lines = text.split('\n').length
  const tokens = markdown.parse(text, {})
  const heads = tokens.flatMap((token, at) => (token.type === 'heading_open' && token.level === 0 ? [at] : []))
  const sections: Section[] = [{ path, startLine: 1, endLine: lines, level: 0, wholeEnd: lines }]
  const anchors = new Map<string, Section>()
  const seen = new Map<string, number>()
  for (const at of heads) {
    const token = tokens[at] as Token
    const section = {
      path,
      startLine: lineOf(token),
      endLine: lines,
      level: Number(token.tag.slice(1)),
      wholeEnd: lines,
    }
    const before = sections.at(-1) as Section
    before.endLine = section.startLine - 1
    for (const one of sections) {
      if (one.level >= section.level && one.wholeEnd === lines) one.wholeEnd = section.startLine - 1
    }
    sections.push(section)
    const slug = slugOf((tokens[at + 1] as Token).children ?? [])
    const times = seen.get(slug) ?? 0
    seen.set(slug, times + 1)
    anchors.set(times === 0 ? slug : `${slug}-${times}`, section)
  }
  for (const [at, line] of text.split('\n').entries()) {
    for (const [, id = ''] of line.matchAll(/<a\s[^>]*?(?:id|name)=["']?([^"'\s>]+)/g))
      anchors.set(id.toLowerCase(), headedBy(sections, text.split('\n'), at + 1))
  }
  return { path, sections, anchors, links: tokens.flatMap(linksOf) }
}

const lineOf = (token: Token): number => (token.map?.[0] ?? 0) + 1

/** An anchor belongs to the heading right under it, else to the one above. */
function headedBy(sections: Section[], lines: string[], line: number): Section {
  const next = sections.find((section) => section.startLine > line)
  const between = next === undefined ? ['x'] : lines.slice(line, next.startLine - 1)
  if (next && between.every((one) => one.replace(/<[^>]*>/g, '').trim() === '')) return next
  return sections.findLast((section) => section.startLine <= line) as Section
}

function slugOf(children: Token[]): string {
  const text = children
    .map((child) => (child.type === 'text' || child.type === 'code_inline' ? child.content : ''))
    .join('')
  return text
    .trim()
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}\p{Pc}\- ]/gu, '')
    .replaceAll(' ', '-')
}

function linksOf(token: Token): Document['links'] {
  if (token.type !== 'inline') return []
  const links: Document['links'] = []
  let line = lineOf(token)
  let open: Document['links'][number] | undefined
  for (const child of token.children ?? []) {
    if (child.type === 'softbreak' || child.type === 'hardbreak') {
      line++
      if (open) open.text += ' '
    } else if (child.type === 'link_open') open = { text: '', target: String(child.attrGet('href')), line }
    else if (child.type === 'link_close' && open) {
      links.push(open)
      open = undefined
    } else if (open) open.text += child.content
  }
  return links
}

import { h } from './dom.ts'

/** Called for a reference like `[2]` to the second citation; gives the element that stands for it, or null to leave it as text. */
export type ReferenceMaker = (number: number) => HTMLElement | null

const INLINE = /(`[^`\n]+`)|(\*\*[^*\n]+\*\*)|(\[(\d{1,3})\])|(https?:\/\/[^\s<>()]+[^\s<>().,;:!?])/g

function inline(target: Element, text: string, reference: ReferenceMaker): void {
  let last = 0
  for (const match of text.matchAll(INLINE)) {
    target.append(text.slice(last, match.index))
    last = match.index + match[0].length
    const [whole, code, bold, , number, url] = match
    if (code) target.append(h('code', {}, code.slice(1, -1)))
    else if (bold) inline(target.appendChild(h('strong')), bold.slice(2, -2), reference)
    else if (url) target.append(h('a', { href: url, rel: 'noopener noreferrer', target: '_blank' }, url))
    else target.append(reference(Number(number)) ?? whole)
  }
  target.append(text.slice(last))
}

const LIST = /^\s*(?:[-*]|(\d+)[.)])\s+(.*)$/
const HEADING = /^(#{1,4})\s+(.*)$/
const QUOTE = /^>\s?(.*)$/
const FENCE = /^\s*```/
const TABLE = /^\s*\|(.*)\|\s*$/
const TABLE_RULE = /^[\s:|-]+$/
const STARTS = [LIST, HEADING, QUOTE, FENCE, TABLE]

/** A block: what it shows, and how many rows it took. */
type Block = { node: Node; rows: number }
type BlockMaker = (rows: string[], reference: ReferenceMaker) => Block

/** The rows from the first on that match. */
function run(rows: string[], pattern: RegExp): RegExpMatchArray[] {
  const found: RegExpMatchArray[] = []
  for (const row of rows) {
    const match = row.match(pattern)
    if (!match) break
    found.push(match)
  }
  return found
}

const code: BlockMaker = (rows) => {
  const end = rows.findIndex((row, index) => index > 0 && /^\s*```\s*$/.test(row))
  const stop = end < 0 ? rows.length : end
  const node = h('pre', { tabindex: 0 }, h('code', {}, rows.slice(1, stop).join('\n')))
  return { node, rows: stop + 1 }
}

const heading: BlockMaker = (rows, reference) => {
  const node = h('p', { class: 'heading' })
  inline(node, rows[0]?.match(HEADING)?.[2] ?? '', reference)
  return { node, rows: 1 }
}

const list: BlockMaker = (rows, reference) => {
  const items = run(rows, LIST)
  const node = items[0]?.[1] ? h('ol', { start: items[0][1] }) : h('ul')
  for (const item of items) inline(node.appendChild(h('li')), item[2] ?? '', reference)
  return { node, rows: items.length }
}

const quote: BlockMaker = (rows, reference) => {
  const quoted = run(rows, QUOTE)
  const node = h('blockquote', {}, richText(quoted.map((match) => match[1]).join('\n'), reference))
  return { node, rows: quoted.length }
}

const table: BlockMaker = (rows, reference) => {
  const found = run(rows, TABLE)
  const body = h('tbody')
  for (const [, cells = ''] of found) {
    if (TABLE_RULE.test(cells)) continue
    const row = body.appendChild(h('tr'))
    for (const cell of cells.split('|')) inline(row.appendChild(h('td')), cell.trim(), reference)
  }
  return { node: h('div', { class: 'table', tabindex: 0 }, h('table', {}, body)), rows: found.length }
}

const paragraph: BlockMaker = (rows, reference) => {
  const end = rows.findIndex(
    (row, index) => index > 0 && (row.trim() === '' || STARTS.some((start) => start.test(row))),
  )
  const stop = end < 0 ? rows.length : end
  const node = h('p')
  inline(node, rows.slice(0, stop).join('\n'), reference)
  return { node, rows: stop }
}

const MAKERS: [RegExp, BlockMaker][] = [
  [FENCE, code],
  [HEADING, heading],
  [LIST, list],
  [QUOTE, quote],
  [TABLE, table],
]

/**
 * Shows the Markdown that assistants write (paragraphs, headings, lists, quotes, tables, code, bold, links, `[n]` references) with
 * elements of our own and text nodes. What it does not know stays as it was written. Not a full Markdown renderer.
 */
export function richText(text: string, reference: ReferenceMaker = () => null): DocumentFragment {
  const out = document.createDocumentFragment()
  const rows = text.split('\n')
  for (let at = 0; at < rows.length; ) {
    const row = rows[at] ?? ''
    if (row.trim() === '') {
      at += 1
      continue
    }
    const make = MAKERS.find(([start]) => start.test(row))?.[1] ?? paragraph
    const block = make(rows.slice(at), reference)
    out.append(block.node)
    at += block.rows
  }
  return out
}

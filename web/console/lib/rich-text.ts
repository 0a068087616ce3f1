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
    else if (bold) target.append(h('strong', {}, bold.slice(2, -2)))
    else if (url) target.append(h('a', { href: url, rel: 'noopener noreferrer', target: '_blank' }, url))
    else target.append(reference(Number(number)) ?? whole)
  }
  target.append(text.slice(last))
}

const LIST = /^\s*(?:[-*]|(\d+)[.)])\s+(.*)$/
const HEADING = /^(#{1,4})\s+(.*)$/
const QUOTE = /^>\s?(.*)$/
const FENCE = /^\s*```(\S*)/

/**
 * Shows the Markdown that assistants write (paragraphs, headings, lists, quotes, code, bold, links, `[n]` references) with elements of
 * our own and text nodes. What it does not know stays as it was written. Not a full Markdown renderer.
 */
export function richText(text: string, reference: ReferenceMaker = () => null): DocumentFragment {
  const out = document.createDocumentFragment()
  const rows = text.split('\n')
  let at = 0
  const take = (pattern: RegExp): RegExpMatchArray[] => {
    const found: RegExpMatchArray[] = []
    for (let match = rows[at]?.match(pattern); match; match = rows[at]?.match(pattern)) {
      found.push(match)
      at += 1
    }
    return found
  }
  while (at < rows.length) {
    const row = rows[at] ?? ''
    if (row.trim() === '') {
      at += 1
    } else if (FENCE.test(row)) {
      const end = rows.findIndex((line, index) => index > at && /^\s*```\s*$/.test(line))
      const stop = end < 0 ? rows.length : end
      out.append(h('pre', { tabindex: 0 }, h('code', {}, rows.slice(at + 1, stop).join('\n'))))
      at = stop + 1
    } else if (HEADING.test(row)) {
      const heading = h('p', { class: 'heading' })
      inline(heading, row.match(HEADING)?.[2] ?? row, reference)
      out.append(heading)
      at += 1
    } else if (LIST.test(row)) {
      const items = take(LIST)
      const list = items[0]?.[1] ? h('ol', { start: items[0][1] }) : h('ul')
      for (const item of items) inline(list.appendChild(h('li')), item[2] ?? '', reference)
      out.append(list)
    } else if (QUOTE.test(row)) {
      const quote = h('blockquote')
      inline(
        quote,
        take(QUOTE)
          .map((match) => match[1])
          .join('\n'),
        reference,
      )
      out.append(quote)
    } else {
      const paragraph = h('p')
      const begin = at
      while (
        at < rows.length &&
        rows[at]?.trim() &&
        (at === begin || ![FENCE, HEADING, LIST, QUOTE].some((p) => p.test(rows[at] ?? '')))
      )
        at += 1
      inline(paragraph, rows.slice(begin, at).join('\n'), reference)
      out.append(paragraph)
    }
  }
  return out
}

import type { Citation, Message } from '../../../sdk/index.ts'
import { h, icon } from '../lib/dom.ts'
import { lines, when } from '../lib/format.ts'
import { richText } from '../lib/rich-text.ts'

/** The quoted lines of a citation with their numbers. */
function quote(citation: Citation): HTMLElement {
  const rows = citation.quote.replace(/\n$/, '').split('\n')
  const body = h('code')
  for (const [index, row] of rows.entries()) {
    body.append(
      h(
        'span',
        { class: 'line' },
        h('span', { class: 'number', 'aria-hidden': true }, String(citation.startLine + index)),
        `${row}\n`,
      ),
    )
  }
  return h('pre', { class: 'quote', tabindex: 0, 'aria-label': `Quote from ${citation.path}` }, body)
}

function citationItem(citation: Citation, index: number): HTMLElement {
  const place = `${citation.path}:${lines(citation.startLine, citation.endLine)}`
  return h(
    'details',
    { class: 'citation' },
    h(
      'summary',
      {},
      h('span', { class: 'badge' }, String(index + 1)),
      icon('file'),
      h('span', { class: 'place' }, place),
    ),
    quote(citation),
  )
}

const STATUS: Partial<Record<Message['status'], string>> = {
  stopped: 'Stopped.',
  failed: 'The assistant could not answer. Ask again; if it keeps failing, look into the server log.',
}

/** What is known of a message that this page has just sent. */
export type Delivery = { state: 'sending' | 'failed'; problem?: string; retry?: () => void }

/** One message. `name` is its author's; `delivery` tells of one that the server has not acknowledged yet. */
export function messageView(message: Message, name: string, delivery?: Delivery): HTMLElement {
  const isAssistant = message.role === 'assistant'
  const citations = message.citations.map(citationItem)
  const open = (number: number): HTMLElement | null => {
    const target = citations[number - 1] as HTMLDetailsElement | undefined
    if (!target) return null
    const show = () => {
      target.open = true
      target.scrollIntoView({ block: 'nearest' })
      target.querySelector('summary')?.focus()
    }
    return h(
      'button',
      { class: 'reference', type: 'button', onClick: show, 'aria-label': `Show citation ${number}` },
      String(number),
    )
  }
  const body = h('div', { class: 'body' })
  if (message.deletedAt) body.append(h('em', {}, 'This message was deleted.'))
  else if (message.status === 'streaming' && message.content === '')
    body.append(h('span', { class: 'thinking' }, 'Looking through your files…'))
  else body.append(richText(message.content, open))
  const note = delivery?.problem ?? STATUS[message.status]
  return h(
    'article',
    { class: `message ${message.role}`, 'data-id': message.id, 'data-status': delivery?.state ?? message.status },
    h(
      'header',
      {},
      h('strong', {}, name),
      h('time', { datetime: message.createdAt }, delivery?.state === 'sending' ? 'Sending…' : when(message.createdAt)),
    ),
    body,
    note ? h('p', { class: 'note' }, note) : null,
    delivery?.retry ? h('button', { class: 'quiet', type: 'button', onClick: delivery.retry }, 'Send again') : null,
    isAssistant && citations.length > 0
      ? h(
          'section',
          { class: 'citations', 'aria-label': 'Where this comes from' },
          h('h4', {}, 'Where this comes from'),
          ...citations,
        )
      : null,
  )
}

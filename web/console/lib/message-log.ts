import type { Message } from '../../../sdk/index.ts'
import { announce } from './dom.ts'

type Entry = { message: Message; element: HTMLElement }

/** How the log shows a message. */
export type RenderMessage = (message: Message) => HTMLElement

/**
 * The messages of a conversation in the order of their numbers, on the page. Keeps to the newest while the reader is at the end, and
 * leaves the reader alone who has scrolled up.
 */
export function messageLog(container: HTMLElement, render: RenderMessage) {
  const entries = new Map<string, Entry>()
  const streams = new Map<string, number>()

  const nearEnd = (): boolean => container.scrollHeight - container.scrollTop - container.clientHeight < 120
  const keepingPlace = (change: () => void): void => {
    const follow = nearEnd()
    change()
    if (follow) container.scrollTop = container.scrollHeight
  }

  const insert = (message: Message, element: HTMLElement): void => {
    for (const entry of [...entries.values()].sort((a, b) => a.message.seq - b.message.seq)) {
      if (entry.message.seq > message.seq) {
        entry.element.before(element)
        return
      }
    }
    container.append(element)
  }

  /** Adds a message, or shows its newer state. An own message that was shown before it was stored is found by its clientId. */
  function put(message: Message): void {
    keepingPlace(() => {
      const known = entries.get(message.id) ?? (message.clientId ? entries.get(message.clientId) : undefined)
      const element = render(message)
      if (known) {
        const open = [...known.element.querySelectorAll('details')].map((details) => details.open)
        for (const [index, details] of element.querySelectorAll('details').entries())
          details.open = open[index] ?? false
        entries.delete(known.message.id)
        if (known.message.seq === message.seq) known.element.replaceWith(element)
        else {
          known.element.remove()
          insert(message, element)
        }
      } else insert(message, element)
      entries.set(message.id, { message, element })
    })
    if (message.status !== 'streaming' && streams.delete(message.id))
      announce(`Answer: ${message.content.slice(0, 300)}`)
  }

  return {
    put,
    /** A piece of a reply. Pieces that do not follow each other are left out: the final message brings the text. */
    delta(messageId: string, index: number, text: string): void {
      const entry = entries.get(messageId)
      const next = streams.get(messageId) ?? 0
      if (entry?.message.status !== 'streaming' || index !== next) return
      put({ ...entry.message, content: entry.message.content + text })
      streams.set(messageId, next + 1)
    },
    /** The reply that is being written, if any. */
    streaming: (): Message | undefined =>
      [...entries.values()].find(({ message }) => message.status === 'streaming')?.message,
    /** Where a message stands that the server has not numbered yet: after everything. */
    nextSeq: (): number => Math.max(0, ...[...entries.values()].map(({ message }) => message.seq)) + 1_000_000,
    isEmpty: () => entries.size === 0,
    toEnd(): void {
      container.scrollTop = container.scrollHeight
    },
  }
}

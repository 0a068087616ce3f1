import type { Conversation, Parley } from '../../../sdk/index.ts'
import { fill, h, icon } from '../lib/dom.ts'
import { explain } from '../lib/explain.ts'
import { when } from '../lib/format.ts'

/** What the list asks of the page. */
export type ConversationActions = { open: (conversation: Conversation) => void; create: () => void }

/** The list of conversations. `select` marks the open one; `add` puts a new one on top. */
export function conversationsView(parley: Parley, actions: ConversationActions) {
  const list = h('ul', { class: 'conversations' })
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true })
  const known = new Map<string, Conversation>()
  let selected: string | undefined

  const item = (conversation: Conversation): HTMLElement => {
    const isOpen = conversation.id === selected
    const follow = (event: MouseEvent): void => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return
      event.preventDefault()
      actions.open(conversation)
    }
    return h(
      'li',
      {},
      h(
        'a',
        { href: `/c/${conversation.id}`, 'aria-current': isOpen ? 'page' : undefined, onClick: follow },
        h('span', { class: 'title' }, conversation.title),
        h('time', { datetime: conversation.createdAt }, when(conversation.createdAt)),
      ),
    )
  }
  const render = (): void => {
    const newestFirst = [...known.values()].sort((a, b) => (a.id < b.id ? 1 : -1))
    fill(list, ...newestFirst.map(item))
    if (known.size === 0) list.append(h('li', { class: 'none' }, 'None yet. Start one with the button above.'))
  }

  const element = h(
    'nav',
    { class: 'panel list', 'aria-label': 'Conversations' },
    h(
      'header',
      { class: 'panel-head' },
      h('h2', {}, 'Conversations'),
      h('button', { class: 'primary small', type: 'button', onClick: actions.create }, icon('plus'), 'New'),
    ),
    problem,
    list,
  )
  return {
    element,
    /** Reads the list; resolves with the newest conversation, if there is one. */
    async load(): Promise<Conversation[]> {
      try {
        const { items } = await parley.conversations.list({ limit: 100 })
        for (const conversation of items) known.set(conversation.id, conversation)
        problem.hidden = true
      } catch (error) {
        problem.textContent = explain(error)
        problem.hidden = false
      }
      render()
      return [...known.values()].sort((a, b) => (a.id < b.id ? 1 : -1))
    },
    add(conversation: Conversation): void {
      known.set(conversation.id, conversation)
      render()
    },
    select(id: string | undefined): void {
      selected = id
      render()
    },
  }
}

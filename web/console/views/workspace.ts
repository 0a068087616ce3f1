import type { Conversation, Parley, User } from '../../../sdk/index.ts'
import { fill, h, type IconName, icon } from '../lib/dom.ts'
import { explain } from '../lib/explain.ts'
import { chatView, NEW_TITLE } from './chat.ts'
import { codeView } from './code.ts'
import { conversationsView } from './conversations.ts'

type Part = 'list' | 'chat' | 'code'

const PARTS: [Part, IconName, string][] = [
  ['list', 'list', 'Conversations'],
  ['chat', 'chat', 'Chat'],
  ['code', 'graph', 'Code'],
]

const idInPath = (): string | undefined => location.pathname.match(/^\/c\/([0-9a-f-]{36})$/i)?.[1]

/** The signed-in page: conversations, the open one, and the code. On a phone one part at a time, chosen by the tabs below. */
export function workspaceView(parley: Parley, user: User): { element: HTMLElement; dispose(): void } {
  const stage = h('div', { class: 'stage' })
  const element = h('main', { id: 'content', class: 'workspace', tabindex: -1, 'data-part': 'chat' })
  const tabs = PARTS.map(([part, name, label]) =>
    h('button', { type: 'button', 'data-part': part, onClick: () => turnTo(part) }, icon(name), label),
  )
  const list = conversationsView(parley, {
    open: (conversation) => open(conversation, true),
    create: () => void create(),
  })
  let chat: { element: HTMLElement; dispose(): void } | undefined

  function turnTo(part: Part): void {
    element.dataset.part = part
    for (const tab of tabs) tab.setAttribute('aria-pressed', String(tab.dataset.part === part))
  }

  function open(conversation: Conversation, byHand: boolean): void {
    chat?.dispose()
    chat = chatView(parley, user, conversation, (updated) => {
      list.add(updated)
      document.title = `${updated.title} · Parley`
    })
    fill(stage, chat.element)
    list.select(conversation.id)
    turnTo('chat')
    document.title = `${conversation.title} · Parley`
    const path = `/c/${conversation.id}`
    if (byHand && location.pathname !== path) history.pushState(null, '', path)
    if (byHand) chat.element.querySelector('textarea')?.focus()
  }

  async function create(): Promise<void> {
    try {
      const conversation = await parley.conversations.create({ title: NEW_TITLE })
      list.add(conversation)
      open(conversation, true)
    } catch (error) {
      fill(stage, h('p', { class: 'problem', role: 'alert' }, explain(error)))
    }
  }

  function welcome(): void {
    fill(
      stage,
      h(
        'div',
        { class: 'empty' },
        h('h2', {}, `Welcome, ${user.name}`),
        h('p', {}, 'Upload an archive of your code on the Code panel, then start a conversation and ask about it.'),
        h(
          'button',
          { class: 'primary', type: 'button', onClick: () => void create() },
          icon('plus'),
          'Start a conversation',
        ),
      ),
    )
  }

  async function follow(): Promise<void> {
    const conversations = await list.load()
    const wanted = idInPath()
    const found = wanted ? conversations.find(({ id }) => id === wanted) : conversations[0]
    if (found) return open(found, false)
    if (!wanted) return welcome()
    try {
      open((await parley.conversations.get(wanted)).value, false)
    } catch (error) {
      fill(stage, h('p', { class: 'problem', role: 'alert' }, explain(error)))
    }
  }

  // Conversations made in another tab, or by somebody who added this user, come into the list by themselves.
  const mine = parley.socket.subscribe(`user:${user.id}`)
  mine.on('event', ({ name, data }) => {
    if (name === 'conversation.created') list.add(data as Conversation)
    if (name === 'conversation.member_added') void list.load()
  })
  mine.on('reset', () => void list.load())

  const onPop = () => void follow()
  addEventListener('popstate', onPop)
  element.append(
    list.element,
    stage,
    codeView(parley),
    h('div', { class: 'tabs', role: 'group', 'aria-label': 'Parts of the page' }, ...tabs),
  )
  turnTo('chat')
  void follow()
  return {
    element,
    dispose() {
      removeEventListener('popstate', onPop)
      mine.close()
      chat?.dispose()
    },
  }
}

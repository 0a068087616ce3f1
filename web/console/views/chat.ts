import type { Conversation, ConversationMember, Message, Parley, TopicEvent, User } from '../../../sdk/index.ts'
import { h } from '../lib/dom.ts'
import { explain } from '../lib/explain.ts'
import { messageLog } from '../lib/message-log.ts'
import { composer } from './composer.ts'
import { type Delivery, messageView } from './message.ts'

const SUGGESTIONS = ['What is this project about?', 'Where is the configuration read?', 'How are errors handled?']

/** The title of a conversation until its first message gives it one. */
export const NEW_TITLE = 'New conversation'
const TITLE_LENGTH = 80

/** One conversation: its messages as they come, and the field to write. `changed` hears of a new title. `dispose` ends its subscription. */
export function chatView(
  parley: Parley,
  user: User,
  conversation: Conversation,
  changed: (conversation: Conversation) => void,
): { element: HTMLElement; dispose(): void } {
  const deliveries = new Map<string, Delivery>()
  const names = new Map<string, string>([[user.id, user.name]])
  const list = h('div', { class: 'log', role: 'log', 'aria-live': 'off', 'aria-label': 'Messages', tabindex: 0 })
  const earlier = h('button', { type: 'button', class: 'quiet earlier', hidden: true }, 'Show earlier messages')
  const heading = h('h2', { tabindex: -1 }, conversation.title)
  const typing = h('p', { class: 'typing', 'aria-live': 'polite' })
  const problem = h('p', { class: 'problem', role: 'alert', hidden: true })
  const empty = h(
    'div',
    { class: 'empty' },
    h('h3', {}, 'Ask the first question'),
    h('p', {}, 'The assistant answers from the code and documents of this workspace, and shows where it found it.'),
    h(
      'div',
      { class: 'suggestions' },
      ...SUGGESTIONS.map((text) =>
        h('button', { type: 'button', class: 'chip', onClick: () => field.suggest(text) }, text),
      ),
    ),
  )
  const nameOf = (message: Message): string => {
    if (message.role !== 'user') return message.role === 'assistant' ? 'Assistant' : 'System'
    return names.get(message.authorId ?? '') ?? 'Member'
  }
  const log = messageLog(list, (message) =>
    messageView(message, nameOf(message), deliveries.get(message.clientId ?? '')),
  )
  const field = composer({
    send: (content) => write(content),
    stop: () => {
      const reply = log.streaming()
      if (reply) parley.socket.stop(reply.id).catch(complain)
    },
    typing: (active) => parley.socket.typing(conversation.id, active),
  })

  function complain(error: unknown): void {
    problem.textContent = explain(error)
    problem.hidden = false
  }
  function show(message: Message): void {
    empty.remove()
    log.put(message)
    field.busy(log.streaming() !== undefined)
  }

  /** A title is a comfort: that somebody else was faster, or that it failed, needs no word. */
  async function nameAfter(content: string): Promise<void> {
    const { value, etag } = await parley.conversations.get(conversation.id)
    const title = content.split('\n', 1)[0]?.slice(0, TITLE_LENGTH).trim()
    if (value.title === NEW_TITLE && etag && title) await parley.conversations.update(value.id, etag, { title })
  }

  function write(content: string, clientId: string = crypto.getRandomValues(new Uint32Array(4)).join('-')): void {
    const now = new Date().toISOString()
    const draft = {
      conversationId: conversation.id,
      content,
      clientId,
      role: 'user',
      authorId: user.id,
      status: 'complete',
    } as const
    const shown: Message = {
      ...draft,
      id: clientId,
      seq: log.nextSeq(),
      version: 1,
      attachments: [],
      citations: [],
      createdAt: now,
    }
    problem.hidden = true
    deliveries.set(clientId, { state: 'sending' })
    show(shown)
    log.toEnd()
    parley.socket.chat({ conversationId: conversation.id, content, clientId }).then(
      (sent) => {
        deliveries.delete(clientId)
        show(sent.message)
        if (heading.textContent === NEW_TITLE) nameAfter(content).catch(() => undefined)
      },
      (error) => {
        deliveries.set(clientId, { state: 'failed', problem: explain(error), retry: () => write(content, clientId) })
        show(shown)
      },
    )
  }

  async function load(): Promise<void> {
    try {
      const [members, page] = await Promise.all([
        parley.conversations.members(conversation.id, { limit: 100 }),
        parley.conversations.messages(conversation.id, { limit: 50 }),
      ])
      for (const member of members.items) names.set(member.userId, member.name)
      for (const message of page.items) show(message)
      offerEarlier(page.nextCursor)
      if (log.isEmpty()) list.append(empty)
      log.toEnd()
    } catch (error) {
      complain(error)
    }
  }

  /** The list comes newest first: what is older is read when somebody wants it. */
  function offerEarlier(cursor: string | null): void {
    earlier.hidden = cursor === null
    earlier.onclick = async () => {
      earlier.disabled = true
      try {
        const page = await parley.conversations.messages(conversation.id, { limit: 50, cursor: cursor ?? undefined })
        for (const message of page.items) show(message)
        offerEarlier(page.nextCursor)
      } catch (error) {
        complain(error)
      } finally {
        earlier.disabled = false
      }
    }
  }

  const topic = parley.socket.subscribe(`conversation:${conversation.id}`)
  const onEvent = ({ name, data }: TopicEvent): void => {
    if (name === 'conversation.updated') {
      heading.textContent = (data as Conversation).title
      changed(data as Conversation)
    }
    if (name === 'conversation.member_added') {
      const member = data as ConversationMember
      names.set(member.userId, member.name)
    }
    if (!name.startsWith('message.') && !name.startsWith('reply.')) return
    const message = data as Message
    if (!message.role) return
    if (message.clientId) deliveries.delete(message.clientId)
    show(message)
  }
  topic.on('event', onEvent)
  topic.on('reset', () => void load())
  topic.on('refused', complain)
  topic.ready.then(load, () => undefined)
  const offs = [
    parley.socket.on('reply_delta', ({ messageId, index, text }) => log.delta(messageId, index, text)),
    parley.socket.on('typing', (frame) => {
      if (frame.conversationId !== conversation.id || frame.userId === user.id) return
      typing.textContent = frame.active ? `${names.get(frame.userId) ?? 'Somebody'} is typing…` : ''
    }),
  ]

  const element = h(
    'section',
    { class: 'chat', 'aria-label': conversation.title },
    h('header', { class: 'chat-head' }, heading),
    earlier,
    list,
    typing,
    problem,
    field.element,
  )
  return {
    element,
    dispose() {
      for (const off of offs) off()
      topic.close()
    },
  }
}

import { h, icon } from '../lib/dom.ts'

/** What the composer does. */
export type ComposerActions = { send: (text: string) => void; stop: () => void; typing: (active: boolean) => void }

/** The field for a new message: Enter sends, Shift+Enter starts a line. `busy` shows the button that stops the assistant. */
export function composer({ send, stop, typing }: ComposerActions) {
  const text = h('textarea', {
    id: 'composer-text',
    name: 'content',
    rows: 1,
    maxlength: 16_000,
    placeholder: 'Ask, or write a message',
    'aria-describedby': 'composer-hint',
  })
  const submit = h('button', { class: 'primary round', type: 'submit', 'aria-label': 'Send' }, icon('send'))
  const halt = h(
    'button',
    { class: 'round', type: 'button', 'aria-label': 'Stop the answer', hidden: true, onClick: stop },
    icon('stop'),
  )
  let isTyping = false

  const setTyping = (active: boolean): void => {
    if (active !== isTyping) typing(active)
    isTyping = active
  }
  const grow = (): void => {
    text.rows = Math.min(8, text.value.split('\n').length)
    setTyping(text.value !== '')
  }
  const submitText = (event: Event): void => {
    event.preventDefault()
    const content = text.value.trim()
    if (content === '') return
    text.value = ''
    grow()
    send(content)
  }
  const onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' && !event.shiftKey && !event.isComposing) submitText(event)
  }
  text.addEventListener('input', grow)
  text.addEventListener('keydown', onKey)

  const element = h(
    'form',
    { class: 'composer', onSubmit: submitText },
    h('label', { for: 'composer-text', class: 'visually-hidden' }, 'Message'),
    text,
    halt,
    submit,
    h('p', { class: 'hint', id: 'composer-hint' }, 'Enter sends, Shift+Enter starts a new line.'),
  )
  return {
    element,
    focus: () => text.focus(),
    /** Puts a suggestion into the field, for the person to send or change. */
    suggest(value: string): void {
      text.value = value
      grow()
      text.focus()
    },
    busy(active: boolean): void {
      halt.hidden = !active
    },
  }
}

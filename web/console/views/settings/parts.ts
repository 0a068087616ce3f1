import { ParleyError } from '../../../../sdk/index.ts'
import { announce, type Child, fill, h } from '../../lib/dom.ts'
import { type Advice, explain } from '../../lib/explain.ts'
import { FIELDS, formView } from '../../lib/form.ts'

/** Words for the errors of somebody who is signed in already. */
export const OWN_ADVICE: Advice = { INVALID_CREDENTIALS: 'The current password is wrong. Type it again.' }

/** One part of the settings. */
export function section(id: string, title: string, hint: string, ...children: Child[]): HTMLElement {
  return h(
    'section',
    { class: 'card settings-card', id, 'aria-labelledby': `${id}-title` },
    h('header', {}, h('h2', { id: `${id}-title`, tabindex: -1 }, title), h('p', { class: 'soft' }, hint)),
    ...children,
  )
}

/** A place for one thing after the other: forms, what came out of them, and what went wrong. */
export function stage() {
  const element = h('div', { class: 'stack' })
  return {
    element,
    show(...children: Child[]): void {
      fill(element, ...children)
      element.querySelector<HTMLElement>('input, button')?.focus()
    },
    clear: () => fill(element),
    tell(text: string): void {
      announce(text)
      fill(element, h('p', { class: 'done' }, text))
    },
    complain: (error: unknown, advice: Advice = OWN_ADVICE) =>
      fill(element, h('p', { class: 'problem', role: 'alert' }, explain(error, advice))),
  }
}

/** Does what the server wants the password for some time after a sign-in: asks for it then, in the given place. */
export async function withPasswordIfAsked(
  place: ReturnType<typeof stage>,
  {
    submit,
    advice,
    act,
  }: { submit: string; advice: Advice; act: (body: { currentPassword?: string }) => Promise<unknown> },
): Promise<void> {
  try {
    await act({})
  } catch (error) {
    if (!(error instanceof ParleyError) || error.code !== 'REAUTHENTICATION_REQUIRED') place.complain(error, advice)
    else
      place.show(
        formView({
          id: 'again',
          before: [h('p', { class: 'soft' }, 'You signed in a while ago. Type your password to go on.')],
          fields: [FIELDS.currentPassword],
          submit,
          advice: { ...OWN_ADVICE, ...advice },
          async send(value) {
            await act({ currentPassword: value('currentPassword') })
            place.clear()
          },
        }).element,
      )
  }
}

/** A list that is read, and read again after a change. `item` makes a row; `none` is said when there is nothing. */
export function list<T>(read: () => Promise<{ items: T[] }>, item: (value: T) => HTMLElement, none: string) {
  const element = h('ul', { class: 'rows' })
  async function load(): Promise<void> {
    try {
      const { items } = await read()
      fill(element, ...items.map(item))
      if (items.length === 0) element.append(h('li', { class: 'soft' }, none))
    } catch (error) {
      fill(element, h('li', {}, h('p', { class: 'problem', role: 'alert' }, explain(error))))
    }
  }
  void load()
  return { element, load }
}

/** A row: a name with what is known of it, and what can be done. */
export const row = (name: string, badge: string | null, facts: string, ...actions: Child[]): HTMLElement =>
  h(
    'li',
    {},
    h(
      'div',
      { class: 'facts' },
      h('strong', {}, name, badge === null ? null : h('span', { class: 'pill' }, badge)),
      h('span', { class: 'hint' }, facts),
    ),
    ...actions,
  )

/** A button that asks whether it is meant, by another word on itself, before it does what cannot be undone. */
export function sureButton(label: string, of: string, act: () => Promise<void>): HTMLElement {
  let sure = false
  const button = h('button', { type: 'button', class: 'small', 'aria-label': `${label} ${of}` }, label)
  const reset = (): void => {
    sure = false
    button.textContent = label
    button.setAttribute('aria-label', `${label} ${of}`)
    button.classList.remove('danger')
  }
  button.addEventListener('blur', reset)
  button.addEventListener('click', async () => {
    if (!sure) {
      sure = true
      button.textContent = 'Sure?'
      button.setAttribute('aria-label', `Really ${label.toLowerCase()} ${of}?`)
      button.classList.add('danger')
      return
    }
    button.disabled = true
    await act()
    button.disabled = false
    reset()
  })
  return button
}

/** Something to be kept that is shown this once, with buttons to copy it, to save it as a file, and more. */
export function secretBox(label: string, text: string, { fileName, more }: { fileName?: string; more?: Child } = {}) {
  const copied = h('span', { class: 'hint', role: 'status' })
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(text)
    copied.textContent = 'Copied.'
  }
  const address = fileName && URL.createObjectURL(new Blob([`${text}\n`], { type: 'text/plain' }))
  return h(
    'div',
    { class: 'stack' },
    h('pre', { class: 'secret', tabindex: 0, 'aria-label': label }, text),
    h(
      'div',
      { class: 'actions' },
      // Only pages from a secure place may write to the clipboard.
      'clipboard' in navigator && h('button', { type: 'button', class: 'small', onClick: () => void copy() }, 'Copy'),
      address && h('a', { class: 'button small', href: address, download: fileName }, 'Save as a file'),
      more,
      copied,
    ),
  )
}

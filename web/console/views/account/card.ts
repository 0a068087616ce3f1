import { type Child, h } from '../../lib/dom.ts'

let count = 0

/** A card with a heading that names it. */
export function card(title: string, ...children: Child[]): HTMLElement {
  count += 1
  const id = `card-${count}`
  return h(
    'section',
    { class: 'card account-card', 'aria-labelledby': id },
    h('h2', { id, tabindex: -1 }, title),
    ...children,
  )
}

/** Goes on where something is to be done, or else with the heading: people see it, screen readers read on from there. */
export const focusFirst = (content: HTMLElement): void => {
  const first = content.querySelector<HTMLElement>('[data-first] input') ?? content.querySelector<HTMLElement>('h2')
  first?.focus()
}

/** A page with one card in its middle. */
export const accountPage = (content: HTMLElement): HTMLElement =>
  h('main', { id: 'content', class: 'account', tabindex: -1 }, content)

/** A link that looks like the button one is meant to press next. */
export const nextLink = (href: string, text: string): HTMLElement => h('a', { class: 'button primary', href }, text)

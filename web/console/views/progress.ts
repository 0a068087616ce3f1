import { h } from '../lib/dom.ts'

/** A labelled bar. `set` takes a share from 0 to 1, or undefined when nobody knows how long it takes. */
export function progressBar(label: string) {
  const id = `progress-${label.toLowerCase().replace(/\W+/g, '-')}`
  const value = h('span', { class: 'value' })
  const bar = h('progress', { id, max: 1 })
  const element = h(
    'div',
    { class: 'progress', hidden: true },
    h('div', { class: 'progress-head' }, h('label', { for: id }, label), value),
    bar,
  )
  return {
    element,
    set(share: number | undefined, note: string): void {
      element.hidden = false
      if (share === undefined) bar.removeAttribute('value')
      else bar.value = share
      value.textContent = note
    },
    hide(): void {
      element.hidden = true
    },
  }
}

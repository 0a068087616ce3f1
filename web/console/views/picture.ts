import type { Parley } from '../../../sdk/index.ts'
import { fill, h } from '../lib/dom.ts'
import { explain } from '../lib/explain.ts'

/** The picture of a source's graph, fetched with the token and shown as an image (so nothing in it can run), and a larger view. */
export function pictureView(parley: Parley) {
  const element = h('div', { class: 'picture' })
  let address: string | undefined

  const clear = (): void => {
    if (address) URL.revokeObjectURL(address)
    address = undefined
    fill(element)
  }

  return {
    element,
    clear,
    async show(sourceId: string, description: string): Promise<void> {
      try {
        const picture = await parley.graph.picture({ sourceId })
        clear()
        address = URL.createObjectURL(picture)
      } catch (error) {
        clear()
        fill(element, h('p', { class: 'problem', role: 'alert' }, explain(error)))
        return
      }
      const close = h('button', { type: 'button', class: 'primary small' }, 'Close')
      const dialog = h(
        'dialog',
        { class: 'lightbox', 'aria-label': 'Graph picture' },
        h('header', {}, h('p', {}, description), close),
        h('img', { src: address, alt: description }),
      )
      close.addEventListener('click', () => dialog.close())
      const enlarge = h(
        'button',
        {
          type: 'button',
          class: 'enlarge',
          'aria-label': 'Show the graph picture large',
          onClick: () => dialog.showModal(),
        },
        h('img', { src: address, alt: description, id: 'graph-picture' }),
      )
      fill(element, enlarge, dialog)
    },
  }
}

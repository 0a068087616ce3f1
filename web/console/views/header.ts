import type { Parley, User } from '../../../sdk/index.ts'
import { h } from '../lib/dom.ts'

/** The bar at the top: name, state of the connection, links, and signing out. */
export function header(parley: Parley, user: User | null): HTMLElement {
  const bar = h(
    'header',
    { class: 'bar' },
    h('a', { class: 'brand', href: '/' }, h('span', { class: 'mark', 'aria-hidden': true }), 'Parley'),
  )
  const links = h('nav', { class: 'links', 'aria-label': 'Site' }, h('a', { href: '/docs' }, 'API'))
  if (!user) {
    bar.append(links)
    return bar
  }
  const signOut = h(
    'button',
    { class: 'quiet', type: 'button', onClick: () => void parley.auth.logout().catch(() => undefined) },
    'Sign out',
  )
  bar.append(connectionState(parley), links, h('span', { class: 'who', title: user.email }, user.name), signOut)
  return bar
}

function connectionState(parley: Parley): HTMLElement {
  const text = h('span', {})
  const pill = h(
    'span',
    { class: 'connection', role: 'status' },
    h('span', { class: 'dot', 'aria-hidden': true }),
    text,
  )
  const show = (state: string): void => {
    pill.dataset.state = state
    const words: Record<string, string> = {
      ready: 'Live',
      connecting: 'Connecting…',
      waiting: 'Offline, trying again…',
    }
    text.textContent = words[state] ?? 'Offline'
  }
  show(parley.socket.state)
  parley.socket.on('state', ({ state }) => show(state))
  return pill
}

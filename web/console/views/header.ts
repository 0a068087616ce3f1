import type { Parley, User } from '../../../sdk/index.ts'
import { h, icon } from '../lib/dom.ts'

/** The bar at the top: name, state of the connection, links, settings, and signing out. */
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
  const settings = h(
    'a',
    { class: 'who', href: '/settings', title: user.email, 'aria-label': `Settings of ${user.name}` },
    icon('person'),
    h('span', {}, user.name),
  )
  bar.append(connectionState(parley), links, settings, signOut)
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

import { createParley, ParleyError, type User } from '../../sdk/index.ts'
import { fill, h } from './lib/dom.ts'
import { explain } from './lib/explain.ts'
import { keptInvitation } from './lib/kept-invitation.ts'
import { tokenInUrl } from './lib/link-token.ts'
import { browserStore, onOtherTab } from './lib/tokens.ts'
import { invitationView } from './views/account/invitation.ts'
import { resetView, verifyView } from './views/account/links.ts'
import { forgotView } from './views/account/mail.ts'
import { providerReturnView } from './views/account/provider-return.ts'
import { header } from './views/header.ts'
import { settingsView } from './views/settings/index.ts'
import { signInView } from './views/sign-in.ts'
import { workspaceView } from './views/workspace.ts'

const parley = createParley({ url: location.origin, store: browserStore() })
const root = document.getElementById('app') as HTMLElement
let leave: (() => void) | undefined

/** Pages that links of mails and other sites lead to: they need nobody to be signed in. */
const ACCOUNT_PAGES: Record<string, [title: string, view: () => HTMLElement]> = {
  '/account/verify': ['Confirm your email', () => verifyView(parley)],
  '/account/reset': ['Choose a new password', () => resetView(parley)],
  '/account/forgot': ['Forgotten password', () => forgotView(parley)],
  '/account/oauth': ['Sign in', () => providerReturnView(parley, go)],
}
const accountPage = () => ACCOUNT_PAGES[location.pathname.replace(/\/$/, '')]

function show(user: User | null, main: HTMLElement, title?: string): void {
  leave?.()
  leave = undefined
  document.title = title ? `${title} · Parley` : 'Parley'
  fill(root, header(parley, user), main)
}

function signedOut(notice?: string): void {
  const isKnown = notice !== undefined || location.pathname !== '/'
  const options = { done: () => void start(), mode: isKnown ? ('login' as const) : ('register' as const) }
  show(null, signInView(parley, { ...options, ...(notice && { notice }) }))
}

/** On to another address of this page, in place of the present one. */
function go(path: string, notice?: string): void {
  history.replaceState(null, '', path)
  if (notice && !parley.session.current()) signedOut(notice)
  else void start()
}

function unreachable(error: unknown): HTMLElement {
  const retry = h('button', { class: 'primary', type: 'button', onClick: () => void start() }, 'Try again')
  return h(
    'main',
    { id: 'content', class: 'empty' },
    h('h2', {}, 'Parley cannot be reached'),
    h('p', { role: 'alert' }, explain(error)),
    retry,
  )
}

async function start(): Promise<void> {
  const page = accountPage()
  if (page) return show(null, page[1](), page[0])
  const invitation = tokenInUrl('invitation')
  if (invitation) return show(null, invitationView(parley, invitation, go), 'An invitation')
  if (!parley.session.current()) return signedOut()
  const kept = location.pathname === '/' ? keptInvitation() : null
  if (kept) return show(null, invitationView(parley, kept, go), 'An invitation')
  try {
    const user = await parley.auth.me()
    parley.socket.open()
    if (location.pathname === '/settings') return show(user, settingsView(parley, user), 'Settings')
    const view = workspaceView(parley, user)
    show(user, view.element)
    leave = view.dispose
  } catch (error) {
    if (error instanceof ParleyError && error.status === 401) return signedOut(explain(error))
    show(null, unreachable(error))
  }
}

parley.session.on('ended', ({ reason }) => {
  if (accountPage() || tokenInUrl('invitation')) return
  if (reason === 'logout') history.replaceState(null, '', '/')
  signedOut(reason === 'expired' ? 'Your session has ended. Sign in again to go on.' : undefined)
})
onOtherTab((signedIn) => {
  if (accountPage() || tokenInUrl('invitation')) return
  if (signedIn) void start()
  else signedOut('You have signed out in another tab.')
})
// A link of a mail that is followed in a tab which is on that very page loads nothing anew.
addEventListener('hashchange', () => location.hash.includes('=') && void start())

void start()

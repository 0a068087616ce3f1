import { createParley, ParleyError, type User } from '../../sdk/index.ts'
import { fill, h } from './lib/dom.ts'
import { explain } from './lib/explain.ts'
import { browserStore, onOtherTab } from './lib/tokens.ts'
import { header } from './views/header.ts'
import { signInView } from './views/sign-in.ts'
import { workspaceView } from './views/workspace.ts'

const parley = createParley({ url: location.origin, store: browserStore() })
const root = document.getElementById('app') as HTMLElement
let leave: (() => void) | undefined

function show(user: User | null, main: HTMLElement): void {
  fill(root, header(parley, user), main)
}

function signedOut(notice?: string): void {
  leave?.()
  leave = undefined
  document.title = 'Parley'
  show(
    null,
    signInView(parley, () => void start(), notice),
  )
}

async function start(): Promise<void> {
  if (!parley.session.current()) return signedOut()
  try {
    const user = await parley.auth.me()
    const view = workspaceView(parley, user)
    leave = view.dispose
    parley.socket.open()
    show(user, view.element)
  } catch (error) {
    if (error instanceof ParleyError && error.status === 401) return signedOut(explain(error))
    const retry = h('button', { class: 'primary', type: 'button', onClick: () => void start() }, 'Try again')
    show(
      null,
      h(
        'main',
        { id: 'content', class: 'empty' },
        h('h2', {}, 'Parley cannot be reached'),
        h('p', { role: 'alert' }, explain(error)),
        retry,
      ),
    )
  }
}

parley.session.on('ended', ({ reason }) => {
  if (reason === 'logout') history.replaceState(null, '', '/')
  signedOut(reason === 'expired' ? 'Your session has ended. Sign in again to go on.' : undefined)
})
onOtherTab((signedIn) => {
  if (signedIn) void start()
  else signedOut('You have signed out in another tab.')
})
// What a laptop missed while it slept is fetched at once, not after the next heartbeat.
addEventListener('online', () => parley.socket.state === 'waiting' && parley.socket.open())
document.addEventListener('visibilitychange', () => {
  if (document.visibilityState === 'visible' && parley.socket.state === 'waiting') parley.socket.open()
})

void start()

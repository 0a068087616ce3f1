import type { Operations, Parley } from '../../../../sdk/index.ts'
import { announce, h } from '../../lib/dom.ts'
import { when } from '../../lib/format.ts'
import { list, row, section, stage, sureButton } from './parts.ts'

type Session = Operations['listSessions']['answer']['items'][number]

const factsOf = ({ address, lastSeenAt, createdAt }: Session): string =>
  [...(address === null ? [] : [address]), `last seen ${when(lastSeenAt)}`, `signed in ${when(createdAt)}`].join(' · ')

/** Where one is signed in, and signing out there. */
export function sessionsSection(parley: Parley): HTMLElement {
  const result = stage()
  const end = async (id: string): Promise<void> => {
    await parley.auth.endSession(id).catch(result.complain)
    await sessions.load()
    announce('That device is signed out.')
  }
  const sessions = list(
    () => parley.auth.sessions({ limit: 100 }),
    (one) =>
      row(
        one.device,
        one.current ? 'This device' : null,
        factsOf(one),
        one.current ? null : sureButton('Sign out', one.device, () => end(one.id)),
      ),
    'None.',
  )
  const everywhere = sureButton('Sign out everywhere', 'on this device too', () =>
    parley.auth.logoutAll().catch(result.complain),
  )
  return section(
    'sessions',
    'Signed-in devices',
    'Sign out what you do not know, and change your password then.',
    sessions.element,
    h('div', { class: 'actions' }, everywhere),
    result.element,
  )
}

import type { InvitationPreview, Parley } from '../../../../sdk/index.ts'
import { announce, fill, h } from '../../lib/dom.ts'
import { explain } from '../../lib/explain.ts'
import { formView } from '../../lib/form.ts'
import { dropInvitation, keepInvitation } from '../../lib/kept-invitation.ts'
import { signInCard } from '../sign-in.ts'
import { accountPage, card, focusFirst, nextLink } from './card.ts'
import type { Go } from './provider-return.ts'

const ADVICE = {
  NOT_FOUND: 'This invitation was used or taken back, or is too old. Ask whoever sent it for a new one.',
}
const ROLES = { admin: 'to help run it', member: 'to take part', viewer: 'to read along' }

const wordsOf = ({ inviter, place, role }: InvitationPreview): HTMLElement =>
  h(
    'p',
    { class: 'soft' },
    `${inviter ?? 'Somebody'} invites you to `,
    h('strong', {}, place),
    role ? `, ${ROLES[role]}.` : ', as a guest.',
  )

/**
 * `/#invitation=...`: says what somebody is invited to, and has them join: signed in as whom it was sent to, or with a new account. One whose
 * account is not there yet is kept, and offered after the next sign-in.
 */
export function invitationView(parley: Parley, token: string, go: Go): HTMLElement {
  const page = accountPage(card('An invitation', h('p', { class: 'soft', role: 'status' }, 'One moment…')))
  const show = (next: HTMLElement): void => {
    fill(page, next)
    focusFirst(next)
  }
  const leave = (path: string): void => {
    dropInvitation()
    go(path)
  }
  const fail = (error: unknown): void => {
    if ((error as { code?: string }).code === 'NOT_FOUND') dropInvitation()
    show(card('You have not joined', h('p', { role: 'alert' }, explain(error, ADVICE)), nextLink('/', 'Go on')))
  }

  async function accept(): Promise<void> {
    const { conversationId } = await parley.workspaces.acceptInvitation(token)
    announce('You have joined.')
    leave(conversationId ? `/c/${conversationId}` : '/')
  }
  const notNow = (): HTMLElement => h('button', { type: 'button', class: 'link', onClick: () => leave('/') }, 'Not now')

  function offer(preview: InvitationPreview): void {
    const form = formView({ id: 'join', fields: [], submit: `Join ${preview.place}`, send: accept, advice: ADVICE })
    show(card('You are invited', wordsOf(preview), form.element, notNow()))
  }

  function offerOther(preview: InvitationPreview, email: string): void {
    const signOut = async (): Promise<void> => {
      await parley.auth.logout().catch(() => undefined)
      history.replaceState(null, '', `/#invitation=${token}`)
      location.reload()
    }
    show(
      card(
        'This invitation is for somebody else',
        wordsOf(preview),
        h('p', {}, 'It was sent to ', h('strong', {}, preview.email), `; you are signed in as ${email}.`),
        h('button', { type: 'button', class: 'primary', onClick: () => void signOut() }, 'Use the other account'),
        notNow(),
      ),
    )
  }

  async function begin(): Promise<void> {
    const preview = await parley.rest.previewInvitation({ body: { token }, anonymous: true })
    const enter = (): void => void accept().catch(fail)
    if (parley.session.current()) {
      const { email } = await parley.auth.me()
      if (email.toLowerCase() === preview.email.toLowerCase()) offer(preview)
      else offerOther(preview, email)
    } else {
      keepInvitation(token)
      const intro = h(
        'div',
        { class: 'stack' },
        wordsOf(preview),
        h('p', { class: 'hint' }, 'For this you need an account with the email that the invitation was sent to.'),
      )
      show(signInCard(parley, { done: enter, email: preview.email, intro }))
    }
  }
  begin().catch(fail)
  return page
}

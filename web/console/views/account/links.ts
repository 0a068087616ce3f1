import type { Parley } from '../../../../sdk/index.ts'
import { announce, h } from '../../lib/dom.ts'
import { FIELDS, formView } from '../../lib/form.ts'
import { forgetToken, tokenInUrl } from '../../lib/link-token.ts'
import { accountPage, card, focusFirst, nextLink } from './card.ts'
import { forgotForm, resendForm } from './mail.ts'

/** Shows another card in place of one, and goes on reading there. */
function replace(old: HTMLElement, next: HTMLElement): void {
  old.replaceWith(next)
  focusFirst(next)
}

const isUsed = (error: unknown): boolean => (error as { code?: string }).code === 'LINK_INVALID'

/** `/account/verify#token=...`: confirms an email. Not before a click: programs that look at mails follow links too. */
export function verifyView(parley: Parley): HTMLElement {
  const token = tokenInUrl('token')
  const old = (): HTMLElement =>
    card(
      'This link is not good any more',
      h('p', { class: 'soft' }, 'It was used already, is older than an hour, or is not whole. Ask for a new one:'),
      resendForm(parley),
      h('a', { href: '/' }, 'To the sign-in page'),
    )
  if (!token) return accountPage(old())

  const { element: form } = formView({
    id: 'verify',
    fields: [],
    submit: 'Confirm this email',
    async send() {
      try {
        const { email } = await parley.auth.verifyEmail(token)
        announce('Your email is confirmed.')
        replace(
          page,
          card(
            'Your email is confirmed',
            h('p', {}, h('strong', {}, email), ' belongs to your account now.'),
            nextLink('/', parley.session.current() ? 'Go on' : 'Sign in'),
          ),
        )
      } catch (error) {
        if (!isUsed(error)) throw error
        replace(page, old())
      }
      forgetToken()
    },
  })
  const page = card('Confirm your email', h('p', { class: 'soft' }, 'One click, and this address is yours here.'), form)
  return accountPage(page)
}

/** `/account/reset#token=...`: chooses a new password. */
export function resetView(parley: Parley): HTMLElement {
  const token = tokenInUrl('token')
  const old = (): HTMLElement =>
    card(
      'This link is not good any more',
      h('p', { class: 'soft' }, 'It was used already, is older than half an hour, or is not whole. Ask for a new one:'),
      forgotForm(parley),
      h('a', { href: '/' }, 'To the sign-in page'),
    )
  if (!token) return accountPage(old())

  const { element: form } = formView({
    id: 'reset',
    fields: [FIELDS.newPassword],
    submit: 'Set the new password',
    async send(value) {
      try {
        await parley.auth.resetPassword({ token, password: value('password') })
      } catch (error) {
        if (!isUsed(error)) throw error
        forgetToken()
        return replace(page, old())
      }
      forgetToken()
      announce('Your password is changed.')
      replace(
        page,
        card(
          'Your password is changed',
          h('p', { class: 'soft' }, 'All devices were signed out. Sign in with the new password.'),
          nextLink('/', 'Sign in'),
        ),
      )
    },
  })
  const page = card(
    'Choose a new password',
    h('p', { class: 'soft' }, 'With it, all of your devices are signed out.'),
    form,
  )
  return accountPage(page)
}

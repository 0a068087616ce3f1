import type { Parley, User } from '../../../../sdk/index.ts'
import { h } from '../../lib/dom.ts'
import { FIELDS, formView } from '../../lib/form.ts'
import { OWN_ADVICE, section, stage } from './parts.ts'

const email = (parley: Parley, user: User): HTMLElement => {
  const result = stage()
  const resend = (): void =>
    void parley.auth
      .resendVerification(user.email)
      .then(() => result.tell(`A link is on its way to ${user.email}.`), result.complain)
  const change = formView({
    id: 'change-email',
    fields: [{ ...FIELDS.email, label: 'New email', autocomplete: 'email' }, FIELDS.currentPassword],
    submit: 'Use another email',
    advice: OWN_ADVICE,
    async send(value) {
      const address = value('email').trim()
      await parley.auth.changeEmail({ email: address, currentPassword: value('currentPassword') })
      change.element.reset()
      result.tell(`If ${address} can be used, a link is on its way to it. Your email changes once you follow it.`)
    },
  })
  return section(
    'email',
    'Email',
    'To sign in with, and for mails about your account.',
    h(
      'p',
      {},
      h('strong', {}, user.email),
      ' ',
      h('span', { class: 'pill' }, user.emailVerified ? 'Confirmed' : 'Not confirmed'),
    ),
    user.emailVerified
      ? null
      : h(
          'div',
          { class: 'actions' },
          h('button', { type: 'button', class: 'small', onClick: resend }, 'Send the confirmation mail again'),
        ),
    h('details', {}, h('summary', {}, 'Use another email'), change.element),
    result.element,
  )
}

const password = (parley: Parley): HTMLElement => {
  const result = stage()
  const form = formView({
    id: 'change-password',
    fields: [FIELDS.currentPassword, FIELDS.newPassword],
    submit: 'Change the password',
    advice: OWN_ADVICE,
    async send(value) {
      await parley.auth.changePassword({ currentPassword: value('currentPassword'), newPassword: value('password') })
      form.element.reset()
      result.tell('Your password is changed. Your other devices are signed out.')
    },
  })
  return section(
    'password',
    'Password',
    'A new one signs your other devices out.',
    h('details', {}, h('summary', {}, 'Change the password'), form.element),
    result.element,
  )
}

/** Email and password. */
export const profileSections = (parley: Parley, user: User): HTMLElement[] => [email(parley, user), password(parley)]

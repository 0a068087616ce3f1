import type { Parley } from '../../../../sdk/index.ts'
import { h } from '../../lib/dom.ts'
import { FIELDS, type FieldSpec, formView } from '../../lib/form.ts'
import { accountPage, card, focusFirst, nextLink } from './card.ts'

/** Told after everything that may send a mail: the same for every address, so that nobody learns who has an account. */
export const lookForMail = (title: string, email: string, what: string): HTMLElement =>
  card(
    title,
    h('p', {}, what, ' ', h('strong', {}, email), '.'),
    h('p', { class: 'soft' }, 'It may take a minute. Look among unwanted mail too.'),
    nextLink('/', 'To the sign-in page'),
  )

type MailRequest = { id: string; submit: string; email?: string; ask: (email: string) => Promise<unknown> }

/** A form that asks for a mail, and what is shown in its place once that is done. */
function mailForm({ id, submit, email, ask }: MailRequest, sent: (email: string) => HTMLElement): HTMLElement {
  const field: FieldSpec = { ...FIELDS.email, ...(email && { value: email }) }
  const form = formView({
    id,
    fields: [field],
    submit,
    async send(value) {
      const address = value('email').trim()
      await ask(address)
      const next = sent(address)
      const here = form.element.closest('.account-card') ?? form.element
      here.replaceWith(next)
      focusFirst(next)
    },
  })
  return form.element
}

/** Asks for another confirmation mail. */
export const resendForm = (parley: Parley, email?: string): HTMLElement =>
  mailForm(
    { id: 'resend', submit: 'Send the mail again', ...(email && { email }), ask: parley.auth.resendVerification },
    (address) => lookForMail('Look for the mail', address, 'If it needs to be confirmed, a link is on its way to'),
  )

/** Asks for a mail to choose a new password with. */
export const forgotForm = (parley: Parley): HTMLElement =>
  mailForm({ id: 'forgot', submit: 'Send me a link', ask: parley.auth.forgotPassword }, (address) =>
    lookForMail(
      'Look for the mail',
      address,
      'If there is an account with it, a link to choose a new password is on its way to',
    ),
  )

/** `/account/forgot`: a forgotten password. */
export const forgotView = (parley: Parley): HTMLElement =>
  accountPage(
    card(
      'Forgotten your password?',
      h('p', { class: 'soft' }, 'You get a mail with a link to choose a new one. It is good for half an hour, once.'),
      forgotForm(parley),
      h('a', { href: '/' }, 'Back to the sign-in page'),
    ),
  )

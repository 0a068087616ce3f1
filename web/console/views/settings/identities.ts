import type { Parley, SignInProvider } from '../../../../sdk/index.ts'
import { h } from '../../lib/dom.ts'
import { FIELDS, formView } from '../../lib/form.ts'
import { when } from '../../lib/format.ts'
import { depart } from '../../lib/provider-trip.ts'
import { list, OWN_ADVICE, row, section, stage, sureButton, withPasswordIfAsked } from './parts.ts'

const LAST_WAY = {
  CONFLICT: 'This is the last way into your account: it stays. Set a password first, by “Forgotten your password?”.',
}

/** Accounts at other sites that one can sign in with. Hidden where the server knows no other site. */
export function identitiesSection(parley: Parley): HTMLElement {
  const result = stage()
  const { rest } = parley
  const labels = new Map<string, string>()
  const offers = h('div', { class: 'actions' })
  const unlink = (id: string): Promise<void> =>
    withPasswordIfAsked(result, {
      submit: 'Unlink it',
      advice: LAST_WAY,
      act: (body) => rest.unlinkIdentity({ path: { id }, body }).then(identities.load),
    })
  const identities = list(
    rest.listIdentities,
    ({ id, provider, email, createdAt }) => {
      const name = labels.get(provider) ?? provider
      return row(
        name,
        null,
        `${email ?? 'No email'} · since ${when(createdAt)}`,
        sureButton('Unlink', name, () => unlink(id)),
      )
    },
    'None yet.',
  )
  const link = ({ name, label }: SignInProvider): HTMLElement => {
    const ask = (): void =>
      result.show(
        formView({
          id: 'link',
          before: [h('p', { class: 'soft' }, `You go to ${label} and come back here.`)],
          fields: [FIELDS.currentPassword],
          submit: `Link ${label}`,
          advice: OWN_ADVICE,
          async send(value) {
            const body = { currentPassword: value('currentPassword') }
            depart(await rest.startOAuthLink({ path: { provider: name }, body }), 'link')
          },
        }).element,
      )
    return h('button', { type: 'button', class: 'small', onClick: ask }, `Link ${label}`)
  }
  const element = section(
    'identities',
    'Other sites',
    'Sign in with an account that you have elsewhere.',
    identities.element,
    offers,
    result.element,
  )
  element.hidden = true
  rest.listSignInProviders({ anonymous: true }).then(
    ({ items }) => {
      for (const provider of items) labels.set(provider.name, provider.label)
      offers.append(...items.map(link))
      element.hidden = items.length === 0
      return identities.load()
    },
    () => undefined,
  )
  return element
}

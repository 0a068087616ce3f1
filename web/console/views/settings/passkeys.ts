import type { Operations, Parley, Passkey } from '../../../../sdk/index.ts'
import { h } from '../../lib/dom.ts'
import { FIELDS, formView } from '../../lib/form.ts'
import { when } from '../../lib/format.ts'
import { makePasskey, passkeysWork } from '../../lib/passkeys.ts'
import { list, OWN_ADVICE, row, section, stage, sureButton, withPasswordIfAsked } from './parts.ts'

const LAST_WAY = {
  CONFLICT: 'This is the last way into your account: it stays. Set a password first, by “Forgotten your password?”.',
}

const factsOf = ({ createdAt, lastUsedAt, backedUp }: Passkey): string =>
  [
    `Made ${when(createdAt)}`,
    lastUsedAt === null ? 'never used' : `last used ${when(lastUsedAt)}`,
    ...(backedUp ? ['on your other devices too'] : []),
  ].join(' · ')

/** Passkeys: listed, made and removed. */
export function passkeysSection(parley: Parley): HTMLElement {
  const result = stage()
  const { rest } = parley
  const remove = (id: string): Promise<void> =>
    withPasswordIfAsked(result, {
      submit: 'Remove the passkey',
      advice: LAST_WAY,
      act: (body) => rest.removePasskey({ path: { id }, body }).then(passkeys.load),
    })
  const passkeys = list(
    rest.listPasskeys,
    (one) =>
      row(
        one.name,
        null,
        factsOf(one),
        sureButton('Remove', one.name, () => remove(one.id)),
      ),
    'None yet.',
  )
  const add = formView({
    id: 'passkey',
    fields: [{ name: 'name', label: 'Name for it', value: 'This device', maxlength: 100 }, FIELDS.currentPassword],
    submit: 'Make a passkey',
    advice: { ...OWN_ADVICE, CONFLICT: 'There are too many, or this one is in use already. Remove one first.' },
    async send(value) {
      const body = { currentPassword: value('currentPassword') }
      const { token, options } = await rest.passkeyRegistrationOptions({ body })
      const response = (await makePasskey(options)) as Operations['registerPasskey']['body']['response']
      await rest.registerPasskey({ body: { token, name: value('name'), response } })
      add.element.reset()
      await passkeys.load()
      result.tell('The passkey is made. Next time choose “Use a passkey”.')
    },
  })
  return section(
    'passkeys',
    'Passkeys',
    'Sign in with the fingerprint, face or PIN of a device, without password and code.',
    passkeys.element,
    passkeysWork()
      ? h('details', {}, h('summary', {}, 'Make a passkey'), add.element)
      : h(
          'p',
          { class: 'hint' },
          'Passkeys do not work in this browser, or not at this address: the page needs a name, such as localhost.',
        ),
    result.element,
  )
}

import type { Parley } from '../../../../sdk/index.ts'
import { announce, fill, h } from '../../lib/dom.ts'
import { explain } from '../../lib/explain.ts'
import { FIELDS, formView } from '../../lib/form.ts'
import { counted } from '../../lib/format.ts'
import { qrCode } from '../../lib/qr.ts'
import { OWN_ADVICE, secretBox, section, stage } from './parts.ts'

/** The secret in groups of four: people type it. */
const grouped = (secret: string): string => secret.match(/.{1,4}/g)?.join(' ') ?? secret

/** The authenticator app and its recovery codes: set up, replaced, removed. */
export function twoStepSection(parley: Parley): HTMLElement {
  const status = h('div', { class: 'stack' })
  const step = stage()
  const { rest } = parley

  const button = (text: string, act: () => void) => h('button', { type: 'button', class: 'small', onClick: act }, text)
  const cancel = () => h('button', { type: 'button', class: 'link', onClick: step.clear }, 'Cancel')

  /** Asks for the password, as the server does for whatever changes a factor. */
  const withPassword = (submit: string, hint: string, act: (currentPassword: string) => Promise<void>): void =>
    step.show(
      formView({
        id: 'two-step',
        before: [h('p', { class: 'soft' }, hint)],
        fields: [FIELDS.currentPassword],
        submit,
        advice: OWN_ADVICE,
        send: (value) => act(value('currentPassword')),
        after: [cancel()],
      }).element,
    )

  const showCodes = (codes: string[]): void => {
    const kept = (): void => {
      step.clear()
      void load()
    }
    step.show(
      h('h3', {}, 'Keep your recovery codes'),
      h(
        'p',
        { class: 'soft' },
        'Each stands in for a code of your app, once. They are shown this once: without them and without the app you cannot sign in.',
      ),
      secretBox('Recovery codes', codes.join('\n'), { fileName: 'parley-recovery-codes.txt' }),
      h('button', { type: 'button', class: 'primary', onClick: kept }, 'I have kept them'),
    )
    announce('Your recovery codes are shown. Keep them.')
  }

  const enrol = (): void =>
    withPassword(
      'Go on',
      'First your password. Have an authenticator app on your phone at hand.',
      async (currentPassword) => {
        const { secret, uri } = await rest.enrolTotp({ body: { currentPassword } })
        const form = formView({
          id: 'two-step',
          fields: [
            {
              name: 'code',
              label: 'First code of the app',
              inputmode: 'numeric',
              autocomplete: 'one-time-code',
              maxlength: 12,
              hint: 'Six digits, new every half minute.',
            },
          ],
          submit: 'Turn it on',
          send: async (value) => {
            const { recoveryCodes } = await rest.confirmTotp({ body: { code: value('code').replace(/\s/g, '') } })
            showCodes(recoveryCodes)
          },
          after: [cancel()],
        })
        step.show(
          h('h3', {}, 'Give your app this key'),
          h('p', { class: 'soft' }, 'Point the app at this picture, then type the code that it shows.'),
          qrCode(uri, 'The key as a QR code'),
          h(
            'p',
            { class: 'soft' },
            'No camera? In the app choose to enter a key by hand, based on time, and type this one.',
          ),
          secretBox('Key for the app', grouped(secret), {
            more: h('a', { class: 'button small', href: uri }, 'Open in an app on this device'),
          }),
          form.element,
        )
        form.focus()
      },
    )

  const renew = (): void =>
    withPassword('Make new codes', 'The codes that you have now will be good no more.', async (currentPassword) =>
      showCodes((await rest.renewRecoveryCodes({ body: { currentPassword } })).recoveryCodes),
    )

  const disable = (): void =>
    withPassword('Remove the app', 'From then on your password alone signs you in.', async (currentPassword) => {
      await rest.disableTotp({ body: { currentPassword } })
      step.tell('The authenticator app is removed.')
      void load()
    })

  async function load(): Promise<void> {
    try {
      const { totp, recoveryCodesLeft } = await rest.getMfa()
      const on = totp !== null
      fill(
        status,
        h('p', {}, 'Authenticator app ', h('span', { class: on ? 'pill good' : 'pill' }, on ? 'On' : 'Off')),
        on ? h('p', { class: 'soft' }, `${counted(recoveryCodesLeft, 'recovery code')} left.`) : null,
        h(
          'div',
          { class: 'actions' },
          ...(on ? [button('New recovery codes', renew), button('Remove', disable)] : [button('Set up an app', enrol)]),
        ),
      )
    } catch (error) {
      fill(status, h('p', { class: 'problem', role: 'alert' }, explain(error)))
    }
  }

  void load()
  return section(
    'two-step',
    'Two-step sign-in',
    'Asks for a code of your phone after the password: a stolen password is not enough then.',
    status,
    step.element,
  )
}
